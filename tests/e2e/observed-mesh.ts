import { readdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { serviceNames } from "../../gen/services.ts";
import { startPostgresServer } from "../lib/postgres-server.ts";
import { forwardTcp } from "../lib/tcp.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { type MeshOnFolder, startOnFolder } from "./mesh-process.ts";

export type ObservedMesh = AsyncDisposable & {
  process: MeshOnFolder;
  folder: string;
  /** A superuser's client of the mesh's database. */
  sql: postgres.Sql;
  /** TCP address of the mesh's database server, and its superuser. */
  server: { host: string; port: number; user: string; password: string };
  /** Creates an empty database on the same server and returns a superuser's client. */
  createDatabase(name: string): Promise<postgres.Sql>;
  /** Stored and unfinished state. Equal before and after a call without effect. */
  state(): Promise<State>;
};

export type State = {
  rows: Record<string, number>;
  quotas: { used: number; reserved: number };
  /** Number of executions recorded as running. */
  running: number;
  /** Files in the folders of unfinished work. */
  unfinished: string[];
  /** Number of stored contents. */
  contents: number;
};

/** Starts a mesh in one process on a database that the test can read. */
export async function startObservedMesh(password: string): Promise<ObservedMesh> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const cluster = stack.use(await startPostgresServer());
  const { port } = stack.use(await forwardTcp(cluster.url));
  const { username, password: superuserPassword } = new URL(cluster.url);
  const server = { host: "127.0.0.1", port, user: username, password: superuserPassword };
  const clients = stack.use(new AsyncDisposableStack());
  const open = (database: string) => {
    const client = postgres({ ...server, database, max: 2, onnotice: () => {} });
    clients.defer(() => client.end({ timeout: 5 }));
    return client;
  };
  const sql = open("postgres");
  const url = `postgres://${username}:${superuserPassword}@127.0.0.1:${port}/postgres`;
  const process = stack.use(await startOnFolder(folder, password, { DATABASE_URL: url }));
  const owned = stack.move();
  return {
    process,
    folder,
    sql,
    server,
    async createDatabase(name) {
      await sql`create database ${sql(name)}`;
      return open(name);
    },
    state: () => stateOf(sql, join(folder, "data")),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Tables that record attempts, reads and the tests' own settings, or keep results of reads: refused calls add rows, too. */
const records = [
  "storage.audit_events",
  "storage.chains",
  "storage.cache_entries",
  "storage.cache_leases",
  "storage.cache_usage",
  "identity.login_attempts",
  "orchestration.executions",
  "storage.schedules",
  "orchestration.lineage_entities",
  "orchestration.lineage_edges",
  "orchestration.lineage_columns",
];

async function stateOf(sql: postgres.Sql, data: string): Promise<State> {
  const tables = await sql<{ name: string }[]>`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname in ${sql(serviceNames)}
    order by 1`;
  const rows: Record<string, number> = {};
  for (const { name } of tables.filter((table) => !records.includes(table.name))) {
    const [counted] = await sql`select count(*)::int as count from ${sql(name)}`;
    rows[name] = counted?.count;
  }
  const [quotas] = await sql<[State["quotas"]]>`
    select coalesce(sum(used_bytes), 0)::int as used, coalesce(sum(reserved_bytes), 0)::int as reserved
    from storage.quotas`;
  const [executions] = await sql<[{ running: number }]>`
    select count(*)::int as running from orchestration.executions where state = 'running'`;
  const underWay = [
    "storage/tmp",
    "storage/aside",
    "orchestration/cache/drafts",
    "orchestration/engine/pipes",
  ];
  const unfinished = await Promise.all(underWay.map((name) => readdir(join(data, name))));
  const contents = await readdir(join(data, "storage/objects"), { recursive: true, withFileTypes: true });
  return {
    rows,
    quotas,
    running: executions.running,
    unfinished: unfinished.flat(),
    contents: contents.filter((entry) => entry.isFile()).length,
  };
}
