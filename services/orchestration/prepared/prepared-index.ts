import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { newId } from "../../lib/values/ids.ts";
import { type Preparation, preparationSchema } from "../engine/preparation.ts";
import { diskFull } from "../errors.ts";

/** Record of a prepared file. `bytes` is undefined if the file itself is Parquet and was not converted. */
export type PreparedRecord = {
  readonly preparation: Preparation;
  readonly bytes: { readonly sha256: string; readonly sizeBytes: number } | undefined;
};

const recordSchema = z.object({
  preparation: preparationSchema,
  bytes: z
    .object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: z.int().nonnegative() })
    .optional(),
});

/** Limits of the records on the disk: number and bytes. */
const recordsMax = 10_000;
const recordBytesMax = 256 * 1024 ** 2;
/** Limit of the records in memory, in characters. */
const memoryCharactersMax = 16 * 1024 ** 2;

/** Records on the disk by cache key. A damaged record counts as missing. */
export type PreparedIndex = {
  find(key: string): Promise<PreparedRecord | undefined>;
  /** Stores a record atomically. */
  insert(key: string, record: PreparedRecord): Promise<void>;
};

/** Opens the records in `directory`, which no other process uses. */
export async function openPreparedIndex(directory: string): Promise<PreparedIndex> {
  const records = join(directory, "records");
  const drafts = join(directory, "record-drafts");
  await rm(drafts, { recursive: true, force: true });
  for (const folder of [drafts, records]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (key: string) => join(records, key);
  const cache = new LRUCache<string, PreparedRecord>({ maxSize: memoryCharactersMax });
  const sizes = new LRUCache<string, number>({
    max: recordsMax,
    maxSize: recordBytesMax,
    sizeCalculation: (sizeBytes) => Math.max(1, sizeBytes),
    dispose: (_, key, reason) => {
      if (reason === "evict") void rm(pathOf(key), { force: true });
    },
  });
  for (const [key, sizeBytes] of await listRecords(records)) sizes.set(key, sizeBytes);

  return {
    async find(key) {
      if (sizes.get(key) === undefined) return undefined;
      const known = cache.get(key);
      if (known) return known;
      const text = await readFile(pathOf(key), "utf8").catch(() => "");
      const record = decodeRecord(text);
      if (record) cache.set(key, record, { size: text.length });
      return record;
    },
    async insert(key, record) {
      const text = encodeRecord(record);
      const draft = join(drafts, newId());
      try {
        await using file = await open(draft, "wx", 0o600);
        await file.writeFile(text);
        await rename(draft, pathOf(key));
      } catch (error) {
        await rm(draft, { force: true });
        throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
      }
      sizes.set(key, text.length);
      cache.set(key, record, { size: text.length });
    },
  };
}

async function listRecords(folder: string): Promise<[string, number][]> {
  const keys = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const found = await Promise.all(keys.map(async (key) => ({ key, ...(await stat(join(folder, key))) })));
  found.sort((left, right) => left.mtimeMs - right.mtimeMs);
  return found.map(({ key, size }) => [key, size]);
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A line with the hash, then the record as JSON. */
function encodeRecord(record: PreparedRecord): string {
  const text = JSON.stringify(record);
  return `${hashOf(text)}\n${text}`;
}

function decodeRecord(text: string): PreparedRecord | undefined {
  const [hash] = text.split("\n", 1);
  const json = text.slice((hash ?? "").length + 1);
  if (hash !== hashOf(json)) return undefined;
  const { bytes, preparation } = recordSchema.parse(JSON.parse(json));
  return { bytes, preparation };
}
