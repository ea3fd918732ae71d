import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpPort = AsyncDisposable & { port: number; connections: Set<Socket> };

/** Listens on a loopback port and passes each connection to `serve`. */
export async function listen(
  serve: (socket: Socket) => void,
  { host = "127.0.0.1", port = 0 } = {},
): Promise<TcpPort> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    // Without reading, the end of the peer's stream is never seen.
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
    serve(socket);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of connections) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Forwards a TCP port to a PostgreSQL server whose `url` names a unix socket. */
export function forwardTcp(url: string): Promise<TcpPort> {
  const { hostname, port } = new URL(url);
  const path = `${decodeURIComponent(hostname)}/.s.PGSQL.${port}`;
  return listen((socket) => {
    const upstream = connect(path);
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on("error", () => {});
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
  });
}
