import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { beforeAll, describe, expect, test } from "vitest";
import { parseFooter, readFooter } from "../../services/orchestration/engine/parquet/footer.ts";
import {
  encodeInteger,
  encodeListHeader,
  wireTypes,
} from "../../services/orchestration/engine/parquet/thrift/encode.ts";
import {
  cursorOn,
  MalformedFooterError,
  readInteger,
  readListHeader,
} from "../../services/orchestration/engine/parquet/thrift/read-struct.ts";
import { rewriteStruct } from "../../services/orchestration/engine/parquet/thrift/rewrite-struct.ts";
import { cutFooter } from "../../services/orchestration/prepared/parquet-footer/cut-footer.ts";
import { readCut } from "../../services/orchestration/prepared/parquet-footer/read-cut.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { writeParquet } from "./engines.ts";
import { readParquet } from "./extracts.ts";

const rowsPerGroup = 2048;
const rowCount = 5 * rowsPerGroup - 100;
/** Numbers, texts with a dictionary and a bloom filter, what is missing, lists and structs. */
const rows = `SELECT range AS n, 'x' || (range % 7) AS text, CASE WHEN range % 3 = 0 THEN NULL ELSE range / 2 END AS half,
  [range, NULL] AS list, {'a': range, 'b': 'y'} AS struct FROM range(${rowCount})`;

const folder = forFile(temporaryFolder);
const path = forFile(() => join(folder().path, "rows.parquet"));
beforeAll(async () => {
  await writeParquet(path(), rows, `, PARQUET_VERSION v2, ROW_GROUP_SIZE ${rowsPerGroup}`);
});

async function footerOf(file: string) {
  await using handle = await open(file);
  const footer = await readFooter(handle, (await stat(file)).size);
  if (!footer) throw new Error("the footer is too long");
  return footer;
}

async function cut(first: number, last: number): Promise<Buffer> {
  await using handle = await open(path());
  return Buffer.concat(
    await Array.fromAsync(readCut(handle, cutFooter(await footerOf(path()), first, last))),
  );
}

const metadataOf = (bytes: Buffer) => parquetMetadata(new Uint8Array(bytes).buffer);

describe("row groups that are cut out", () => {
  test.each([
    [0, 1],
    [1, 3],
    [4, 5],
    [0, 5],
  ])("OK: from %i to %i, read by another library", async (first, last) => {
    const whole = await readParquet(await cut(0, 5));
    const part = await readParquet(await cut(first, last));
    expect(whole).toHaveLength(rowCount);
    expect(part).toEqual(whole.slice(first * rowsPerGroup, last * rowsPerGroup));
  });

  test("OK: none of them, which is a table without rows", async () => {
    const bytes = await cut(0, 0);
    expect(await readParquet(bytes)).toEqual([]);
    expect(metadataOf(bytes).schema).toEqual(metadataOf(await cut(0, 5)).schema);
  });

  test("OK: filters that are left behind are not pointed to", async () => {
    const bytes = await cut(1, 2);
    const [group] = metadataOf(bytes).row_groups;
    expect(group?.columns.map((column) => column.meta_data?.bloom_filter_offset)).toEqual(
      group?.columns.map(() => undefined),
    );
  });
});

describe("a footer of a stranger's making", () => {
  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["empty", () => Buffer.alloc(0)],
    ["ends in the middle", (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["has more structs within each other than any", () => Buffer.alloc(10_000, 0x1c)],
    ["has a list of two billion elements", () => Buffer.from([0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07])],
    ["has fields out of order", () => Buffer.from([0x36, 0x00, 0x06, 0x02, 0x00, 0x00])],
    ["has a number without end", () => Buffer.concat([Buffer.from([0x36]), Buffer.alloc(20, 0xff)])],
  ])("refused: %s", async (_, bend) => {
    const { bytes } = await footerOf(path());
    expect(() => parseFooter(bend(bytes), 2 ** 40)).toThrow(MalformedFooterError);
  });

  test("refused: row groups that are behind the end of the values", async () => {
    const { bytes, groups } = await footerOf(path());
    expect(() => parseFooter(bytes, (groups.at(-1)?.to ?? 0) - 1)).toThrow("a row group is not in its place");
  });

  test("refused or cut without harm: any bits that are turned", async () => {
    const { bytes } = await footerOf(path());
    const end = (await stat(path())).size;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        (turns) => {
          const bent = Buffer.from(bytes);
          for (const [at, mask] of turns) bent[at] = (bent[at] ?? 0) ^ mask;
          try {
            const footer = parseFooter(bent, end);
            const { from, to } = cutFooter(footer, 0, footer.groups.length);
            expect(from).toBeGreaterThanOrEqual(4);
            expect(to).toBeLessThanOrEqual(end);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedFooterError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("the compact protocol", () => {
  test("OK: every number of 64 bits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(readInteger(cursorOn(encodeInteger(value)), wireTypes.i64)).toBe(value);
      }),
    );
  });

  test("OK: lists of any length", () => {
    fc.assert(
      fc.property(fc.nat(1000), (count) => {
        const bytes = Buffer.concat([encodeListHeader(count, wireTypes.i32), Buffer.alloc(count)]);
        expect(readListHeader(cursorOn(bytes))).toEqual({ count, type: wireTypes.i32 });
      }),
    );
  });

  test("OK: fields that are not known stay byte by byte when one before them is left out", () => {
    // 1: true, 2: i32 1, 20: map {binary "k": i64 -1}, 21: list of booleans
    const bytes = Buffer.from([
      0x11, 0x15, 0x02, 0x0b, 0x28, 0x01, 0x86, 0x01, 0x6b, 0x01, 0x19, 0x21, 1, 2, 0,
    ]);
    expect(rewriteStruct(cursorOn(bytes), {})).toEqual(bytes);
    const without = rewriteStruct(cursorOn(bytes), {
      2: (cursor, type) => {
        readInteger(cursor, type);
        return undefined;
      },
    });
    expect(without).toEqual(Buffer.concat([bytes.subarray(0, 1), bytes.subarray(3)]));
  });
});
