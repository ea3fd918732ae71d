import { read } from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// Baseline: ranges of one file whose descriptor stays open. Each takes one read and one write. Nothing is authenticated, looked
// up, compared or counted. Argument: <file>.
const handle = await open(process.argv[2] ?? "");
const { size } = await handle.stat();

const server = createServer((request, response) => {
  const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? []).map(Number);
  const bytes = Buffer.allocUnsafe(last - first + 1);
  read(handle.fd, bytes, 0, bytes.length, first, (error, bytesRead) => {
    if (error || bytesRead < bytes.length) return response.writeHead(500).end();
    response.writeHead(206, {
      "content-type": "application/octet-stream",
      "content-length": bytes.length,
      "content-range": `bytes ${first}-${last}/${size}`,
    });
    response.end(bytes);
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
