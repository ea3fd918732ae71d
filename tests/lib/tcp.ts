import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpPort = AsyncDisposable & { port: number; connections: Set<Socket> };

/** A TCP port on this machine that does with connections what it is told, until disposed. */
export async function listen(
  serve: (socket: Socket) => void,
  { host = "127.0.0.1", port = 0 } = {},
): Promise<TcpPort> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    // Read, so that the other side's end is noticed.
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

/** A TCP port that leads to the PostgreSQL server which `url` reaches over a unix socket. */
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
