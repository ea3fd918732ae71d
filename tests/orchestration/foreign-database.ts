import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import type postgres from "postgres";
import { createForeignDatabase } from "../lib/test-database.ts";
import { createSource, type User } from "./orchestration.ts";
import type { Peers } from "./peers.ts";

/** A TCP port that leads to a PostgreSQL server on a unix socket. */
export async function forwardTcp(
  url: string,
): Promise<AsyncDisposable & { port: number; connections: Set<Socket> }> {
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

/** A TCP port on this machine that does with connections what it is told, until disposed. */
export async function listen(serve: (socket: Socket) => void) {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    // Read, so that the other side's end is noticed.
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
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

export type ForeignDatabase = AsyncDisposable & {
  sql: postgres.Sql;
  /** Settings of a source on it. */
  settings: JsonObject;
  connections: Set<Socket>;
};

/** An empty database behind a TCP port, with a role that may read what it is granted. */
export async function startForeignDatabase(): Promise<ForeignDatabase> {
  await using stack = new AsyncDisposableStack();
  const { url, sql } = stack.use(await createForeignDatabase());
  const { port, connections } = stack.use(await forwardTcp(url));
  const user = `reader_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(`create role ${user} login password '${readerPassword}'`);
  stack.defer(async () => {
    await sql.unsafe(`drop owned by ${user}; drop role ${user}`);
  });
  const owned = stack.move();
  return {
    sql,
    connections,
    settings: {
      host: "127.0.0.1",
      port,
      database: new URL(url).pathname.slice(1),
      user,
      passwordSecret: "reader-password",
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** What the secret `reader-password` of a source on it has to be. */
export const readerPassword = "the reader";

/** A source on the database, for somebody who has the secret. */
export function createDatabaseSource(
  { peers }: { peers: Peers },
  user: User,
  { settings }: ForeignDatabase,
  overrides: JsonObject = {},
): Promise<string> {
  peers.addSecret(user.who, "reader-password", readerPassword);
  return createSource(user, "postgresql", { ...settings, ...overrides });
}
