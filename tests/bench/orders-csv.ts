import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { DuckDBInstance } from "@duckdb/node-api";
import { cacheFolder } from "./cache-folder.ts";

/** A file of orders on disk. */
export type OrdersFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly compression: "none" | "gzip";
};

/** A unique file to upload. */
export type NewContent = { readonly name: string; readonly sizeBytes: number; stream(): Readable };

/** Derived from the row number, so that the file is the same on every machine. */
const draw = (salt: string): string => `hash(n::BIGINT, '${salt}')`;

/** A typical table: keys, amounts, prices, times, codes, and texts with nulls and commas. */
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

/** The file with this number of rows. Generated once and cached. */
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

/** A variant with another hash and the same amount of work: one more row, or for gzip another time in the header. */
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

/** Offset of the modification time in a gzip header. Decoders ignore it. */
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
