import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openBlobFolder } from "../../services/orchestration/blobs/blob-folder.ts";
import { planChunks } from "../../services/orchestration/connectors/file/plan-chunks.ts";
import type { Preparation } from "../../services/orchestration/engine/preparation.ts";
import type { ReadingSettings } from "../../services/orchestration/engine/reading-settings.ts";
import { preparedFilesFull } from "../../services/orchestration/errors.ts";
import { cacheKeyOf } from "../../services/orchestration/prepared/cache-key.ts";
import { openPreparedIndex } from "../../services/orchestration/prepared/prepared-index.ts";
import { createSharedWork } from "../../services/orchestration/prepared/shared-work.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const preparation: Preparation = {
  found: { format: "csv", delimiter: "," },
  columns: [{ name: "a", dataType: "BIGINT", nullable: true, expression: '"a"' }],
  rowCount: 3,
  rowBytes: 8,
  problems: [],
  written: true,
};

describe("the folder of bytes whose hash is not known before", () => {
  async function* chunksOf(...parts: string[]) {
    for (const part of parts) yield Buffer.from(part);
  }
  const full = () => preparedFilesFull(10);

  test("OK: they are kept by their hash and lent", async () => {
    await using temporary = await temporaryFolder();
    const folder = await openBlobFolder(temporary.path, 10);
    const sha256 = createHash("sha256").update("abcd").digest("hex");
    const stored = await folder.storeNew(chunksOf("ab", "cd"), full);
    expect(stored).toMatchObject({ sha256, sizeBytes: 4n });
    expect(await readFile(stored.path, "utf8")).toBe("abcd");
    expect(await folder.isWhole(sha256)).toBe(true);
  });

  test("ResourceExhausted: they do not fit beside what is lent, and nothing of them is left", async () => {
    await using temporary = await temporaryFolder();
    const folder = await openBlobFolder(temporary.path, 10);
    const lent = await folder.storeNew(chunksOf("aaaaaa"), full);
    await expect(folder.storeNew(chunksOf("bbb", "bbb"), full)).rejects.toThrow("PREPARED_CACHE_MIB");
    expect(await readdir(join(temporary.path, "drafts"))).toEqual([]);
    expect(await readFile(lent.path, "utf8")).toBe("aaaaaa");
    folder.giveBack(lent.sha256);
    await folder.storeNew(chunksOf("bbb", "bbb"), full);
    expect(await folder.take(lent)).toBeUndefined();
  });

  test("OK: what failed half-way takes no room", async () => {
    await using temporary = await temporaryFolder();
    const folder = await openBlobFolder(temporary.path, 10);
    async function* broken() {
      yield Buffer.from("cccccccc");
      throw new Error("the process was killed");
    }
    await expect(folder.storeNew(broken(), full)).rejects.toThrow("the process was killed");
    expect(await readdir(temporary.path, { recursive: true })).toEqual(["drafts", "sha256"]);
    await folder.storeNew(chunksOf("dddddddddd"), full);
  });

  test("OK: a bit that was turned is noticed, also while the bytes are lent", async () => {
    await using temporary = await temporaryFolder();
    const folder = await openBlobFolder(temporary.path, 10);
    const { path, sha256, sizeBytes } = await folder.storeNew(chunksOf("abcd"), full);
    await writeFile(path, "abce");
    expect(await folder.isWhole(sha256)).toBe(false);
    expect(await folder.take({ sha256, sizeBytes })).toBeUndefined();
    await folder.storeNew(chunksOf("abcd"), full);
    expect(await folder.isWhole(sha256)).toBe(true);
  });
});

describe("work that several wait for", () => {
  const signal = new AbortController().signal;
  const result = (onDispose: () => void) => ({ rows: 1, [Symbol.dispose]: onDispose });

  test("OK: it is done once, and its result is given back by the last one", async () => {
    const shared = createSharedWork<{ rows: number }>();
    let begun = 0;
    let disposed = 0;
    const release = Promise.withResolvers<void>();
    const work = async () => {
      begun += 1;
      await release.promise;
      return result(() => {
        disposed += 1;
      });
    };
    const joining = Array.from({ length: 40 }, () => shared.join("key", signal, work));
    release.resolve();
    const [first, ...others] = await Promise.all(joining);
    expect(begun).toBe(1);
    for (const other of others) other[Symbol.dispose]();
    expect(disposed).toBe(0);
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    await Promise.resolve();
    expect(disposed).toBe(1);
  });

  test("Canceled: one who leaves lets the work go on for the others; the last one ends it", async () => {
    const shared = createSharedWork<{ rows: number }>();
    const signals: AbortSignal[] = [];
    const work = (stop: AbortSignal) => {
      signals.push(stop);
      return new Promise<never>((_, reject) => stop.addEventListener("abort", () => reject(stop.reason)));
    };
    const callers = [new AbortController(), new AbortController()] as const;
    const joined = callers.map((caller) => shared.join("key", caller.signal, work));
    for (const joining of joined) joining.catch(() => {});
    callers[0].abort(new Error("first"));
    await expect(joined[0]).rejects.toThrow("first");
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    callers[1].abort(new Error("second"));
    await expect(joined[1]).rejects.toThrow("second");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test("OK: whoever comes after the last one has left starts over", async () => {
    const shared = createSharedWork<{ rows: number }>();
    const caller = new AbortController();
    const never = shared.join("key", caller.signal, () => new Promise<never>(() => {}));
    never.catch(() => {});
    caller.abort(new Error("gone"));
    await expect(never).rejects.toThrow("gone");
    const { value } = await shared.join("key", signal, async () => result(() => {}));
    expect(value.rows).toBe(1);
  });

  test("a failure is told to all who wait, and is forgotten", async () => {
    const shared = createSharedWork<{ rows: number }>();
    const fail = async () => {
      throw new Error("the process was killed");
    };
    const joined = [1, 2, 3].map(() => shared.join("key", signal, fail));
    await Promise.all(joined.map((one) => expect(one).rejects.toThrow("the process was killed")));
    const { value } = await shared.join("key", signal, async () => result(() => {}));
    expect(value.rows).toBe(1);
  });
});

describe("the records", () => {
  const key = "ab".repeat(32);
  const record = { preparation, bytes: { sha256: "cd".repeat(32), sizeBytes: 5 } };

  test("OK: they outlive the process, and its drafts do not", async () => {
    await using temporary = await temporaryFolder();
    const index = await openPreparedIndex(temporary.path);
    await index.insert(key, record);
    await writeFile(join(temporary.path, "record-drafts", "left"), "half");
    const next = await openPreparedIndex(temporary.path);
    expect(await next.find(key)).toEqual(record);
    expect(await readdir(join(temporary.path, "record-drafts"))).toEqual([]);
    expect(await next.find("ef".repeat(32))).toBeUndefined();
  });

  test("OK: one of which any bit was turned is none", async () => {
    await using temporary = await temporaryFolder();
    await (await openPreparedIndex(temporary.path)).insert(key, record);
    const path = join(temporary.path, "records", key);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const bent = Buffer.from(whole);
        bent[at] = (bent[at] ?? 0) ^ (1 << bit);
        await writeFile(path, bent);
        expect(await (await openPreparedIndex(temporary.path)).find(key)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
    await writeFile(path, "");
    expect(await (await openPreparedIndex(temporary.path)).find(key)).toBeUndefined();
  });
});

describe("the key", () => {
  const subject = {
    orgId: "org",
    blob: { sha256: "ab".repeat(32), name: "a.csv" },
    settings: { delimiter: ";", columnTypes: { a: "BIGINT", b: "DATE" } } as ReadingSettings,
    readingVersion: "1",
  };
  const key = cacheKeyOf(subject);

  test("OK: the order of settings and the file's base name do not matter", () => {
    const settings = {
      columnTypes: { b: "DATE", a: "BIGINT" },
      delimiter: ";",
      quote: undefined,
    } as ReadingSettings;
    expect(cacheKeyOf({ ...subject, settings })).toBe(key);
    expect(cacheKeyOf({ ...subject, blob: { ...subject.blob, name: "other.CSV" } })).toBe(key);
  });

  test.each<[string, Partial<typeof subject>]>([
    ["another organisation", { orgId: "other" }],
    ["other bytes", { blob: { sha256: "cd".repeat(32), name: "a.csv" } }],
    ["another extension", { blob: { sha256: "ab".repeat(32), name: "a.csv.gz" } }],
    ["other settings", { settings: { delimiter: "," } }],
    ["other programs", { readingVersion: "2" }],
  ])("OK: %s is another one", (_, change) => {
    expect(cacheKeyOf({ ...subject, ...change })).not.toBe(key);
  });
});

describe("chunks", () => {
  const footerOf = (counts: readonly number[]) => ({
    bytes: Buffer.alloc(0),
    rowCount: counts.reduce((sum, count) => sum + count, 0),
    groups: counts.map((rowCount) => ({ rowCount, from: 4, to: 4, description: { from: 0, to: 0 } })),
  });
  const wanted = { isWhole: true, format: "parquet" as const };

  test("OK: have every row once, in order, at most as many as were asked for, and whole row groups where they fit", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 98_304 }), { maxLength: 20 }),
        fc.integer({ min: 2000, max: 400_000 }),
        fc.constantFrom("parquet" as const, "csv" as const),
        (counts, chunkRows, format) => {
          const footer = footerOf(counts);
          const rowCount = footer.rowCount;
          const chunks = planChunks({ ...preparation, rowCount }, footer, chunkRows, {
            isWhole: true,
            format,
          });
          let row = 0;
          let group = 0;
          for (const { rows, groups } of chunks) {
            expect(rows.from).toBe(row);
            expect(rows.to - rows.from).toBeLessThanOrEqual(chunkRows);
            if (groups) expect(groups.from).toBe(group);
            row = rows.to;
            group = groups?.to ?? group;
          }
          expect(row).toBe(rowCount);
          const areGroups = format === "parquet" && counts.every((count) => count <= chunkRows);
          if (areGroups) expect(group).toBe(counts.length);
          expect(chunks.every(({ groups }) => (groups !== undefined) === areGroups)).toBe(true);
        },
      ),
    );
  });

  test.each([
    [1_000_000, [10, 2]],
    [300_000, [3, 3, 3, 3]],
    [98_304, Array.from({ length: 12 }, () => 1)],
    [5_000_000, [12]],
  ])("OK: of %i rows", (chunkRows, groupsOfChunks) => {
    const footer = footerOf(Array.from({ length: 12 }, () => 98_304));
    const chunks = planChunks({ ...preparation, rowCount: footer.rowCount }, footer, chunkRows, wanted);
    expect(chunks.map(({ groups }) => (groups?.to ?? 0) - (groups?.from ?? 0))).toEqual(groupsOfChunks);
  });

  test("OK: a table without rows has one", () => {
    expect(planChunks({ ...preparation, rowCount: 0 }, footerOf([]), 10, wanted)).toEqual([
      { rows: { from: 0, to: 0 }, groups: { from: 0, to: 0 } },
    ]);
  });
});
