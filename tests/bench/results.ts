import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { compare, speedOf } from "./compare.ts";
import { post } from "./http-load.ts";
import type { Row } from "./row.ts";
import type { Mesh, World } from "./world.ts";

// A result of a million rows, from the query to the last byte at the caller, compared with a program that writes the same file.

const rowCount = 1_000_000;
const rounds = 5;
const columns = `
  n AS id, (n % 1000)::INTEGER AS amount, (n * 1.37)::DECIMAL(12,2) AS price, n * 0.5::DOUBLE AS weight,
  'customer name ' || (n * 7919 % 100003) AS name, CASE WHEN n % 10 > 0 THEN 'note ' || n END AS note,
  DATE '2020-01-01' + (n % 2000)::INTEGER AS day, TIMESTAMP '2020-01-01' + INTERVAL (n) SECOND AS at`;

/** A Python with pyarrow. */
const python = process.env.BENCH_PYTHON;

const formats = [
  ["CSV", "text/csv", "FORMAT csv"],
  ["NDJSON", "application/x-ndjson", "FORMAT json"],
  ["Parquet", "application/vnd.apache.parquet", "FORMAT parquet, COMPRESSION zstd"],
] as const;

/** Wanted ratios: half the speed of the program, and a third for Arrow. */
const target = 0.5;
const arrowTarget = 1 / 3;

export const resultRows: readonly Row[] = [
  ...formats.map(
    ([name, type, options]): Row => ({
      name: `result of 1,000,000 rows as ${name}`,
      against: "DuckDB's COPY",
      target,
      async measure(world) {
        const scene = await prepare(world);
        const copy = `COPY (FROM '${scene.file}') TO '${join(world.folder, "direct")}' (${options})`;
        const direct = () => speedOf(rowCount, () => scene.duckdb.run(copy));
        return compare(() => run(scene, type), direct, rounds);
      },
    }),
  ),
  {
    name: "result of 1,000,000 rows as Arrow",
    against: "pyarrow reading Parquet and writing IPC",
    target: arrowTarget,
    missing: () => (python === undefined ? "BENCH_PYTHON names no Python with pyarrow" : undefined),
    async measure(world) {
      const scene = await prepare(world);
      return compare(
        () => run(scene, "application/vnd.apache.arrow.stream"),
        () => byPyarrow(scene.file, join(world.folder, "direct")),
        rounds,
      );
    },
  },
];

type Scene = {
  readonly mesh: Mesh<unknown>;
  readonly sourceId: string;
  readonly file: string;
  readonly duckdb: DuckDBConnection;
};

const scenes = new WeakMap<World, Promise<Scene>>();

function prepare(world: World): Promise<Scene> {
  const known = scenes.get(world) ?? createScene(world);
  scenes.set(world, known);
  return known;
}

async function createScene(world: World): Promise<Scene> {
  const mesh = await world.oneProcess();
  const file = join(world.folder, "result.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  const duckdb = await instance.connect();
  await duckdb.run(`COPY (SELECT ${columns} FROM range(${rowCount}) AS r(n)) TO '${file}' (FORMAT parquet)`);
  const { size } = await stat(file);
  await post(mesh.target("/api/v1/storage/files?name=result.parquet"), createReadStream(file), size);
  type Files = { files: { fileId: string }[] };
  const { files } = await mesh.call<Files>("GET", "/api/v1/storage/files?prefix=result.parquet");
  type Created = { source: { sourceId: string } };
  const { source } = await mesh.call<Created>("POST", "/api/v1/sources", {
    source: { displayName: "results", connector: "file", settings: { fileId: files[0]?.fileId } },
  });
  return { mesh, sourceId: source.sourceId, file, duckdb };
}

function run({ mesh, sourceId }: Scene, accept: string): Promise<number> {
  return speedOf(rowCount, async () => {
    const { url, headers } = mesh.target("/api/v1/execute");
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, accept, "content-type": "application/json", "accept-encoding": "identity" },
      body: JSON.stringify({ sourceId, sql: "FROM result", timeout: "300s" }),
    });
    if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`);
    let bytes = 0;
    for await (const chunk of response.body) bytes += chunk.byteLength;
    if (bytes !== Number(response.headers.get("content-length"))) throw new Error("the result is not whole");
  });
}

/** The time without Python's startup. */
const program = `
import sys, time, pyarrow.ipc, pyarrow.parquet
began = time.perf_counter()
table = pyarrow.parquet.read_table(sys.argv[1])
with pyarrow.ipc.new_stream(sys.argv[2], table.schema) as stream:
    stream.write_table(table)
print(time.perf_counter() - began)`;

async function byPyarrow(file: string, out: string): Promise<number> {
  const { stdout } = await promisify(execFile)(python ?? "", ["-c", program, file, out]);
  return rowCount / Number(stdout);
}
