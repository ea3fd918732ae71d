"""A TCP forwarder to the mesh that counts what the mesh sends, and keeps the heads of requests."""

import asyncio
import threading
from urllib.parse import urlsplit

CHUNK_BYTES = 256 * 1024


class Counted:
    """Use `url` instead of the mesh's, and `reset` before the reads that are to be counted."""

    def __init__(self, mesh):
        self._target = urlsplit(mesh)
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait()
        self.reset()

    def reset(self):
        """Forgets what was counted."""
        self.sent_bytes = 0
        self.connections = 0
        self.heads = []

    def requests(self):
        """Method and Range of each request, in the order of their arrival."""
        return [(head.split(" ", 1)[0], range_of(head)) for head in self.heads]

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        self._loop.run_forever()

    async def _forward(self, reader, writer):
        self.connections += 1
        upstream_reader, upstream = await asyncio.open_connection(self._target.hostname, self._target.port)
        await asyncio.gather(
            self._copy(reader, upstream, self._see_request()),
            self._copy(upstream_reader, writer, self._count),
            return_exceptions=True,
        )

    async def _copy(self, reader, writer, see):
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                see(chunk)
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

    def _count(self, chunk):
        self.sent_bytes += len(chunk)

    def _see_request(self):
        """Readers send no bodies, so that every blank line ends the head of a request."""
        pending = b""

        def see(chunk):
            nonlocal pending
            *heads, pending = (pending + chunk).split(b"\r\n\r\n")
            self.heads.extend(head.decode("latin1") for head in heads)

        return see


def range_of(head):
    """The Range of a request; None if it has none."""
    fields = (line.partition(":") for line in head.split("\r\n")[1:])
    return next((value.strip() for name, _, value in fields if name.lower() == "range"), None)
