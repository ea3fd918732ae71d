import type { Socket } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import type postgres from "postgres";
import { forwardTcp } from "../lib/tcp.ts";
import { createForeignDatabase } from "../lib/test-database.ts";
import { createSource, type User } from "./orchestration.ts";
import type { Peers } from "./peers.ts";

export type ForeignDatabase = AsyncDisposable & {
  sql: postgres.Sql;
  /** Settings of a source on the database. */
  settings: JsonObject;
  connections: Set<Socket>;
};

/** An empty database on a TCP port, with a role that has no grants yet. */
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

/** Value of the secret `reader-password`. */
export const readerPassword = "the reader";

/** Creates a source on the database, for a user with the secret. */
export function createDatabaseSource(
  { peers }: { peers: Peers },
  user: User,
  { settings }: ForeignDatabase,
  overrides: JsonObject = {},
): Promise<string> {
  peers.addSecret(user.who, "reader-password", readerPassword);
  return createSource(user, "postgresql", { ...settings, ...overrides });
}
