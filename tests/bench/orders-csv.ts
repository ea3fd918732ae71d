import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { DuckDBInstance } from "@duckdb/node-api";
import { cacheFolder } from "./cache-folder.ts";

/** A file of orders on the disk. */
export type OrdersFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly compression: "none" | "gzip";
};

/** A file to store, whose bytes nothing has seen before. */
export type NewContent = { readonly name: string; readonly sizeBytes: number; stream(): Readable };

/** Drawn by the row's number, so that the file is the same wherever it is made. */
const draw = (salt: string): string => `hash(n::BIGINT, '${salt}')`;

/** A table as many are: keys, amounts, prices, times, codes, and text that is missing now and then and has commas. */
const columns = `
  n AS id,
  (${draw("customer")} % 200000)::INTEGER AS customer,
  ((${draw("amount")} % 1000000) / 100.0)::DECIMAL(10, 2) AS amount,
  round((${draw("price")} % 1000000007)::DOUBLE / 1000003, 5) AS price,
  TIMESTAMP '2025-01-01' + (${draw("created")} % 31536000)::BIGINT * INTERVAL 1 SECOND AS created,
  DATE '2025-01-01' + (${draw("day")} % 365)::INTEGER AS day,
  ['DE', 'FR', 'GB', 'IT', 'NL', 'PL', 'US'][1 + (${draw("country")} % 7)::INTEGER] AS country,
  CASE ${draw("comment")} % 8
    WHEN 0 THEN 'leave it at the door, please'
    WHEN 1 THEN 'call "' || (${draw("word")} % 1000) || '" first'
    WHEN 2 THEN 'gift'
  END AS comment,
  ${draw("paid")} % 3 > 0 AS paid`;

/** The file of so many rows, which is made once. */
export async function ordersCsv(
  rowCount: number,
  compression: "none" | "gzip" = "none",
): Promise<OrdersFile> {
  const path = join(cacheFolder, `orders-${rowCount}.csv${compression === "gzip" ? ".gz" : ""}`);
  if (!existsSync(path)) {
    await mkdir(cacheFolder, { recursive: true });
    const unfinished = `${path}.unfinished`;
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT ${columns} FROM range(${rowCount}) AS r(n))
       TO '${unfinished}' (FORMAT csv, HEADER, COMPRESSION ${compression})`,
    );
    connection.closeSync();
    instance.closeSync();
    await rename(unfinished, path);
  }
  return { path, rowCount, compression, sizeBytes: (await stat(path)).size };
}

let contents = 0;

/** The file with one row more, or, compressed, with another time of its making in its header: as much work, another hash. */
export function contentOf({ path, sizeBytes, compression }: OrdersFile): NewContent {
  contents++;
  const name = `${contents}-${basename(path)}`;
  const seed = Date.now() + contents;
  if (compression === "gzip") return { name, sizeBytes, stream: () => withGzipTime(path, seed) };
  const row = Buffer.from(`${seed},1,2.50,3.25,2025-06-01 12:00:00,2025-06-01,DE,,true\n`);
  return {
    name,
    sizeBytes: sizeBytes + row.length,
    stream: () => Readable.from(chunksThen(path, row), { objectMode: false }),
  };
}

const chunkBytes = 1024 * 1024;

async function* chunksThen(path: string, last: Buffer): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { highWaterMark: chunkBytes });
  yield last;
}

/** Where a gzip file has the time of its making, which no reader of its content looks at. */
const gzipTimeOffset = 4;

function withGzipTime(path: string, seed: number): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    let first = true;
    for await (const chunk of createReadStream(path, {
      highWaterMark: chunkBytes,
    }) as AsyncIterable<Buffer>) {
      if (first) chunk.writeUInt32LE(seed % 2 ** 32, gzipTimeOffset);
      first = false;
      yield chunk;
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}
