import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createSource, deleteFile, query, stage, storeFile } from "./calls.ts";
import { onceAWorld } from "./once-a-world.ts";
import { contentOf, type OrdersFile, ordersCsv } from "./orders-csv.ts";
import { lapOf } from "./peak-memory.ts";
import { missingForPython } from "./python.ts";
import type { Lap, Racer } from "./race.ts";
import { type Race, race } from "./race.ts";
import { byDuckdb, byNode, byPython } from "./rivals.ts";
import type { Mesh, WholeMesh, World } from "./world.ts";

/** Racers over a CSV: Sluice's jobs and a query, and other tools on the same file. */
export type CsvRacer =
  | "first job"
  | "second job"
  | "query"
  | "DuckDB"
  | "DuckDB for Node"
  | "DuckDB's query"
  | "polars";

export type CsvRace = Race<CsvRacer> & { readonly uploadMbPerSecond: number; readonly sizeBytes: number };

const table = "orders";
const queryOf = (from: string): string =>
  `SELECT country, count(*) AS orders, sum(amount) AS amount, avg(price) AS price FROM ${from} GROUP BY country`;

/**
 * Races over a file of orders. The first job's time starts with registering the source, so that it includes preparing the file;
 * the upload is reported separately. Each round uploads unique bytes, because results for known bytes are cached.
 */
export const csvRace = (
  rowCount: number,
  rounds: number,
  compression: "none" | "gzip" = "none",
): ((world: World) => Promise<CsvRace>) =>
  onceAWorld(async (world) => {
    const file = await ordersCsv(world.rowsOf(rowCount), compression);
    const mesh = await world.oneProcess();
    const ours = createOurs(mesh, file);
    const out = join(world.folder, "rival.parquet");
    const writing =
      (racer: Racer): Racer =>
      async (lap) => {
        const done = await racer(lap);
        await rm(out, { force: true });
        return done;
      };
    const polars = missingForPython() ? nothing : writing(byPython("polars_sink", file.path, out));
    const racers = {
      DuckDB: writing(byDuckdb("duckdb_copy", file.path, out)),
      "first job": ours.firstJob,
      polars,
      "second job": ours.secondJob,
      "DuckDB for Node": writing(byNode("duckdb_copy", file.path, out)),
      query: ours.query,
      "DuckDB's query": byDuckdb("duckdb_query", queryOf(`read_csv('${file.path}')`)),
    };
    const raced = await race<CsvRacer>(racers, world.roundsOf(rounds));
    await ours.clear();
    return { ...raced, uploadMbPerSecond: ours.uploadMbPerSecond(), sizeBytes: file.sizeBytes };
  });

const nothing: Racer = async () => ({ seconds: Number.NaN });

function createOurs(mesh: Mesh<WholeMesh>, file: OrdersFile) {
  let fileId = "";
  let sourceId = "";
  let uploads = 0;
  let uploadMs = 0;
  const timed = (lap: { watched: boolean }, work: () => Promise<unknown>): Promise<Lap> =>
    lapOf(lap, mesh.process.roots, async () => {
      const beganMs = performance.now();
      await work();
      return (performance.now() - beganMs) / 1000;
    });
  const clear = async () => {
    if (fileId) await deleteFile(mesh, fileId);
    fileId = "";
  };
  return {
    async firstJob(lap: { watched: boolean }) {
      await clear();
      const content = contentOf(file);
      const beganMs = performance.now();
      fileId = await storeFile(mesh, content.name, content.stream(), content.sizeBytes);
      uploadMs += performance.now() - beganMs;
      uploads++;
      return timed(lap, async () => {
        sourceId = await createSource(mesh, "file", { fileId, tableName: table });
        await stage(mesh, sourceId, table);
      });
    },
    secondJob: (lap: { watched: boolean }) => timed(lap, () => stage(mesh, sourceId, table)),
    query: (lap: { watched: boolean }) => timed(lap, () => query(mesh, sourceId, queryOf(table))),
    clear,
    uploadMbPerSecond: () => (uploads * file.sizeBytes) / 1000 / uploadMs,
  };
}
