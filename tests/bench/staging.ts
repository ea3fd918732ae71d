import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { connectPostgres } from "../../services/lib/postgres-client.ts";
import { forwardTcp } from "../lib/tcp.ts";
import { runChild } from "./child.ts";
import { compare, speedOf } from "./compare.ts";
import { post } from "./http-load.ts";
import type { Row } from "./row.ts";
import type { Mesh, World } from "./world.ts";

const rowCount = 4_000_000;
const rounds = 3;
/** A table as many are: keys, times, amounts and words, in both dialects. */
const columns = `
  n AS id,
  timestamp '2026-01-01' + n * interval '1 second' AS happened_at,
  n * 0.37 AS amount,
  'customer ' || (n % 10007) AS customer,
  n % 3 = 0 AS settled`;
const columnTypes =
  "{'id': 'BIGINT', 'happened_at': 'TIMESTAMP', 'amount': 'DOUBLE', 'customer': 'VARCHAR', 'settled': 'BOOLEAN'}";

export const csvToParquet: Row = {
  name: "CSV to Parquet",
  against: "DuckDB called directly",
  target: 0.8,
  async measure(world) {
    const mesh = await world.separateProcesses();
    const csv = join(world.folder, "orders.csv");
    await writeCsv(csv);
    const source = await fileSource(mesh, csv);
    return await compare(
      () => stage(mesh, source, "orders"),
      () => direct(world, ["csv", csv]),
      rounds,
    );
  },
};

export const postgresqlToParquet: Row = {
  name: "PostgreSQL to Parquet",
  against: "COPY into DuckDB called directly",
  target: 0.8,
  async measure(world) {
    const mesh = await world.separateProcesses();
    await fillDatabase(world.databaseUrl);
    // The server listens on a unix socket alone: both sides reach it through the same forwarder.
    await using forwarded = await forwardTcp(world.databaseUrl);
    const { username, password } = new URL(world.databaseUrl);
    const url = `postgres://${username}:${password}@127.0.0.1:${forwarded.port}/${database}`;
    const source = await postgresqlSource(mesh, url);
    return await compare(
      () => stage(mesh, source, "orders"),
      () => direct(world, ["postgresql", url, "orders", columnTypes]),
      rounds,
    );
  },
};

const database = "shop";

async function writeCsv(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT ${columns} FROM range(${rowCount}) AS r(n)) TO '${file}' (HEADER)`);
  connection.closeSync();
  instance.closeSync();
}

async function fillDatabase(serverUrl: string): Promise<void> {
  const server = connectPostgres(serverUrl, { max: 1 });
  await server`create database ${server(database)}`;
  await server.end();
  const url = new URL(serverUrl);
  url.pathname = database;
  const shop = connectPostgres(url.href, { max: 1 });
  await shop.unsafe(
    `create table orders as select ${columns.replace("n * 0.37", "n * 0.37::double precision")}
     from generate_series(0::bigint, ${rowCount - 1}) as r(n)`,
  );
  await shop`vacuum analyze orders`;
  await shop.end();
}

async function fileSource(mesh: Mesh<unknown>, csv: string): Promise<string> {
  const { size } = await stat(csv);
  await post(mesh.target("/api/v1/storage/files?name=orders.csv"), createReadStream(csv), size);
  type Files = { files: { fileId: string }[] };
  const { files } = await mesh.call<Files>("GET", "/api/v1/storage/files?prefix=orders.csv");
  return createSource(mesh, "file", { fileId: files[0]?.fileId });
}

async function postgresqlSource(mesh: Mesh<unknown>, databaseUrl: string): Promise<string> {
  const { username, password, hostname, port, pathname } = new URL(databaseUrl);
  await mesh.call("PUT", "/api/v1/secrets/shop", {
    value: decodeURIComponent(password),
    destinations: [{ connector: "postgresql", host: hostname, port: Number(port) }],
  });
  return createSource(mesh, "postgresql", {
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    passwordSecret: "shop",
    sslMode: "disable",
  });
}

async function createSource(mesh: Mesh<unknown>, connector: string, settings: object): Promise<string> {
  const { source } = await mesh.call<{ source: { sourceId: string } }>("POST", "/api/v1/sources", {
    source: { displayName: `bench ${connector}`, connector, settings },
  });
  await mesh.call("POST", "/api/v1/catalog:discover", { sourceId: source.sourceId });
  return source.sourceId;
}

/** Stages a table to its end; answers rows a second. */
function stage(mesh: Mesh<unknown>, sourceId: string, table: string): Promise<number> {
  return speedOf(rowCount, async () => {
    type Answer = { job: { jobId: string } };
    const { job } = await mesh.call<Answer>("POST", "/api/v1/staging/jobs", {
      job: { sourceId, tables: [table] },
    });
    const { url, headers } = mesh.target(`/api/v1/staging/jobs/${job.jobId}:watch`);
    const states = await (await fetch(url, { headers })).text();
    if (!states.includes("JOB_STATE_SUCCEEDED")) throw new Error(states);
  });
}

function direct(world: World, args: string[]): Promise<number> {
  const out = join(world.folder, "direct.parquet");
  return speedOf(rowCount, async () => {
    await runChild("./direct-parquet.ts", [...args, out]);
    await rm(out);
  });
}
