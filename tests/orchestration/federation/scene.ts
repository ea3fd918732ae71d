import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import type { Connection } from "mysql2/promise";
import type { PlannedScan } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { hasMariaDb, startMariaDb } from "../../lib/mariadb-server.ts";
import { type ForeignDatabase, readerPassword, startForeignDatabase } from "../foreign-database.ts";
import { type Orchestration, startOrchestration, type User } from "../orchestration.ts";
import { sqliteBytes } from "../sqlite/sqlite-file.ts";

/** Sources of every kind in one namespace, with tables that can be joined. */
export type Scene = AsyncDisposable & {
  readonly mesh: Orchestration;
  readonly user: User;
  /** PostgreSQL, the source `warehouse`. */
  readonly foreign: ForeignDatabase;
  /** MariaDB, the source `shop`; undefined without the server. */
  readonly maria: Connection | undefined;
  /** Creates a source and discovers it. Returns its id. */
  add(displayName: string, connector: string, settings: JsonObject): Promise<string>;
  addFile(displayName: string, name: string, content: string | Buffer): Promise<string>;
  /** Changes the tables of `warehouse` and discovers them. */
  warehouse(sql: string): Promise<void>;
  readonly ids: Readonly<Record<string, string>>;
};

const orders = Array.from(
  { length: 1000 },
  (_, id) => `(${id}, ${id % 10}, ${id}.25, date '2024-01-01' + ${id % 100}, 'note ${id % 7}')`,
).join(", ");

const tables = `
  create table orders (id int primary key, customer_id bigint, amount numeric(12,2), day date, note text);
  insert into orders values ${orders};
  create table "Odd ""name"". 🎉" (id int, "a.b" text);
  insert into "Odd ""name"". 🎉" values (1, 'one'), (2, 'two')`;

const customers = Array.from({ length: 10 }, (_, id) => `(${id}, 'Customer ${id}', ${id % 3})`).join(", ");

export async function openScene(env: Record<string, string> = {}): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const [mesh, foreign, server] = await Promise.all([
    startOrchestration(env).then((started) => stack.use(started)),
    startForeignDatabase().then((started) => stack.use(started)),
    hasMariaDb ? startMariaDb().then((started) => stack.use(started)) : undefined,
  ]);
  const user = mesh.user();
  mesh.peers.addSecret(user.who, "reader-password", readerPassword);
  const ids: Record<string, string> = {};

  async function add(displayName: string, connector: string, settings: JsonObject): Promise<string> {
    const { source } = await user.sources.createSource({ source: { displayName, connector, settings } });
    const sourceId = source?.sourceId ?? "";
    await user.catalog.discover({ sourceId });
    ids[displayName] = sourceId;
    return sourceId;
  }
  const addFile = (displayName: string, name: string, content: string | Buffer) =>
    add(displayName, "file", { fileId: mesh.peers.addFile(user.who, name, content) });

  const change = async (sql: string) => {
    await foreign.sql.unsafe(sql);
    await foreign.sql.unsafe(
      `grant usage on schema public to public; grant select on all tables in schema public to public`,
    );
  };
  await change(tables);
  await add("warehouse", "postgresql", foreign.settings);
  await addFile("regions", "regions.csv", "id,region\n0,north\n1,south\n2,east\n");
  const fileId = mesh.peers.addFile(
    user.who,
    "lite.sqlite",
    await sqliteBytes(
      "create table ratings (customer_id integer, stars integer, word text);" +
        "insert into ratings values (1, 5, 'good'), (2, 1, 'bad'), (3, null, null), (4, 5, 'good')",
    ),
  );
  await add("lite", "sqlite", { fileId });
  if (server) {
    const { admin, port } = server;
    await admin.query(`
      create database shop character set utf8mb4; use shop;
      create table customers (id bigint unsigned primary key, name varchar(50), region int);
      insert into customers values ${customers};
      create user reader@'%' identified by '${readerPassword}';
      grant select, show view on shop.* to reader@'%'`);
    await add("shop", "mysql", {
      host: "127.0.0.1",
      port,
      database: "shop",
      user: "reader",
      passwordSecret: "reader-password",
    });
  }
  const owned = stack.move();
  return {
    mesh,
    user,
    foreign,
    maria: server?.admin,
    add,
    addFile,
    async warehouse(sql) {
      await change(sql);
      await user.catalog.discover({ sourceId: ids.warehouse ?? "" });
    },
    ids,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a statement over the catalog. Returns its rows as JSON. */
export async function rowsOf(user: User, sql: string, options: { maxRows?: number } = {}) {
  const { rows } = await user.executions.executeQuery({ sql, ...options });
  return rows.map((row) => toJson(ListValueSchema, row));
}

/** What the sources do for a statement. */
export async function pushedOf(user: User, sql: string, options: { maxRows?: number } = {}) {
  const { scans } = await user.executions.planQuery({ sql, ...options });
  return scans.map(({ tableName, columns, filters, limit }: PlannedScan) => ({
    tableName,
    columns,
    filters,
    ...(limit !== undefined && { limit: Number(limit) }),
  }));
}
