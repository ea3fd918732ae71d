import type { JsonObject } from "@bufbuild/protobuf";
import type { Connection } from "mysql2/promise";
import { type MariaDbServer, startMariaDb } from "../../lib/mariadb-server.ts";
import { createSource, type Orchestration, startOrchestration, type User } from "../orchestration.ts";

type MariaSource = AsyncDisposable & {
  readonly mesh: Orchestration;
  readonly user: User;
  readonly server: MariaDbServer;
  /** Statements of the administrator, in the database. */
  readonly admin: Connection;
  readonly settings: JsonObject;
  readonly sourceId: string;
};

const readerPassword = "the reader";

/** A server with the database `shop` and an account that may read it, and a source on it. */
export async function startMariaSource(options: readonly string[] = []): Promise<MariaSource> {
  await using stack = new AsyncDisposableStack();
  const [mesh, server] = await Promise.all([
    startOrchestration().then((started) => stack.use(started)),
    startMariaDb(options).then((started) => stack.use(started)),
  ]);
  const { admin, port } = server;
  await admin.query(`
    create database shop character set utf8mb4; use shop;
    create user reader@'%' identified by '${readerPassword}';
    grant select, show view on shop.* to reader@'%'`);
  const user = mesh.user();
  mesh.peers.addSecret(user.who, "reader-password", readerPassword);
  const settings = {
    host: "127.0.0.1",
    port,
    database: "shop",
    user: "reader",
    passwordSecret: "reader-password",
  };
  const sourceId = await createSource(user, "mysql", settings);
  const owned = stack.move();
  return {
    mesh,
    user,
    server,
    admin,
    settings,
    sourceId,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
