import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { newId } from "../../lib/values/ids.ts";
import { type Preparation, preparationSchema } from "../engine/preparation.ts";
import { diskFull } from "../errors.ts";

/** What is known of a prepared file; the bytes are undefined where the file itself is what is read. */
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

/** Records that are kept on the disk: how many, and in bytes. */
const recordsMax = 10_000;
const recordBytesMax = 256 * 1024 ** 2;
/** Records that are kept in memory, in characters. */
const memoryCharactersMax = 16 * 1024 ** 2;

/** Records by the key of what they are about, on the disk. One that is damaged is none. */
export type PreparedIndex = {
  find(key: string): Promise<PreparedRecord | undefined>;
  /** Keeps a record; it is there as a whole or not at all. */
  insert(key: string, record: PreparedRecord): Promise<void>;
};

/** Opens the records in `directory`, which belongs to this process alone. */
export async function openPreparedIndex(directory: string): Promise<PreparedIndex> {
  const records = join(directory, "records");
  const drafts = join(directory, "record-drafts");
  await rm(drafts, { recursive: true, force: true });
  for (const folder of [drafts, records]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (key: string) => join(records, key);
  const remembered = new LRUCache<string, PreparedRecord>({ maxSize: memoryCharactersMax });
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
      const known = remembered.get(key);
      if (known) return known;
      const text = await readFile(pathOf(key), "utf8").catch(() => "");
      const record = decodeRecord(text);
      if (record) remembered.set(key, record, { size: text.length });
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
      remembered.set(key, record, { size: text.length });
    },
  };
}

async function listRecords(folder: string): Promise<[string, number][]> {
  const keys = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const found = await Promise.all(keys.map(async (key) => ({ key, ...(await stat(join(folder, key))) })));
  found.sort((left, right) => left.mtimeMs - right.mtimeMs);
  return found.map(({ key, size }) => [key, size]);
}

const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The record's hash, then the record as JSON. */
function encodeRecord(record: PreparedRecord): string {
  const text = JSON.stringify(record);
  return `${sumOf(text)}\n${text}`;
}

function decodeRecord(text: string): PreparedRecord | undefined {
  const [sum] = text.split("\n", 1);
  const json = text.slice((sum ?? "").length + 1);
  if (sum !== sumOf(json)) return undefined;
  const { bytes, preparation } = recordSchema.parse(JSON.parse(json));
  return { bytes, preparation };
}
