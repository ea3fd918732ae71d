import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { filterRows } from "../../services/storage/vectors/filter/filter-rows.ts";
import { filterSql } from "../../services/storage/vectors/filter/filter-sql.ts";
import { createMetadataColumns } from "../../services/storage/vectors/filter/metadata-columns.ts";
import {
  type MetadataFilter,
  parseMetadataFilter,
} from "../../services/storage/vectors/filter/metadata-filter.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";

const database = forFile(createTestDatabase);

/** Numbers of the rows that match, by PostgreSQL. */
async function selectRows(texts: readonly string[], filter: MetadataFilter): Promise<number[]> {
  const db = drizzle({ client: database().sql });
  const rows = await db.execute<{ row: number }>(sql`
    select (number - 1)::int as row
    from json_array_elements_text(${JSON.stringify(texts)}::json) with ordinality as given (text, number),
      lateral (select text::jsonb as metadata) as parsed
    where ${filterSql(sql`metadata`, filter)} order by 1`);
  return rows.map(({ row }) => row);
}

/** The same in memory. */
function markRows(texts: readonly string[], filter: MetadataFilter): number[] {
  const columns = createMetadataColumns();
  for (const [row, text] of texts.entries()) columns.set(row, text);
  return [...filterRows(columns, filter)].flatMap((mark, row) => (mark === 1 ? [row] : []));
}

const metadata: readonly object[] = [
  {},
  { a: 1 },
  { a: 1.0, b: "x" },
  { a: -0.5, b: "X", c: true },
  { a: "1", b: "\u{1f600}", c: null },
  { a: [1, "x", null], b: "\uffee", c: false },
  { a: { b: 1, c: { d: "deep" } } },
  { a: [[1]], c: "true" },
  { a: [{ b: 1 }], b: ["x"] },
  { a: 1e300, b: "" },
  { "a.b": 1, a: null },
  { a: true, constructor: 1 },
];
const texts = metadata.map((one) => JSON.stringify(one));

test.each([
  ["a = 1", [1, 2]],
  ["a != 1", [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['a = "1"', [4]],
  ["a = -0.5", [3]],
  ["a:1", [1, 2, 5]],
  ["a:null", [5, 10]],
  ["a:x", [5]],
  ["a = null", [10]],
  ["a.b = 1", [6]],
  ["a.c.d = deep", [6]],
  ["a > 0", [1, 2, 9]],
  ["a >= 1e300", [9]],
  ["a < 1", [3]],
  ["b > x", [4, 5]],
  ["b > \uffed", [4, 5]],
  ["b < \u{1f600}", [2, 3, 5, 9]],
  ["c = true", [3]],
  ['c = "true"', [7]],
  ["c != true", [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]],
  ["constructor = 1", [11]],
  ["toString = 1", []],
  ["a = 1 AND b = x", [2]],
  ["(a = 1 OR c = true) AND b != x", [1, 3]],
])("OK: the filter %s selects the same in PostgreSQL and in memory", async (text, rows) => {
  const filter = parseMetadataFilter(text) ?? expect.fail("no filter");
  expect(markRows(texts, filter)).toEqual(rows);
  expect(await selectRows(texts, filter)).toEqual(rows);
});

test("OK: columns follow rows that are set anew and replaced by the last", () => {
  const columns = createMetadataColumns();
  const filter = parseMetadataFilter("a = 1") ?? expect.fail("no filter");
  for (let row = 0; row < 3000; row += 1) columns.set(row, JSON.stringify({ a: row % 3 }));
  const count = () => filterRows(columns, filter).reduce((sum, mark) => sum + mark, 0);
  expect(count()).toBe(1000);
  columns.set(0, '{"a":1}');
  columns.set(3000, '{"a":1}');
  expect(count()).toBe(1002);
  columns.replaceByLast(2);
  columns.replaceByLast(1);
  expect([count(), columns.rowCount()]).toEqual([1001, 2999]);
});

const key = fc.constantFrom("a", "b", "c");
const scalar = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.1, 1e21, "", "a", "b", "1", "true", "\u{1f600}", "\uffee", true, false, null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: "grapheme", maxLength: 3 }).filter((text) => !text.includes("\0") && text.isWellFormed()),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(key, scalar, { maxKeys: 2 }),
);
const objects = fc.array(fc.dictionary(key, value, { maxKeys: 3 }), { minLength: 1, maxLength: 20 });
const comparison = fc
  .record({
    kind: fc.constant("comparison" as const),
    path: fc.array(key, { minLength: 1, maxLength: 2 }),
    operator: fc.constantFrom(
      "=" as const,
      "!=" as const,
      "<" as const,
      "<=" as const,
      ">" as const,
      ">=" as const,
      ":" as const,
    ),
    value: scalar,
  })
  .filter(({ operator, value: given }) =>
    typeof given !== "boolean" && given !== null ? true : !/[<>]/.test(operator),
  );
const filters = fc.oneof(
  comparison,
  fc.record({
    kind: fc.constantFrom("and" as const, "or" as const),
    operands: fc.array(comparison, { minLength: 1, maxLength: 3 }),
  }),
);

test("OK: random filters select the same in PostgreSQL and in memory", async () => {
  const property = fc.asyncProperty(objects, filters, async (given, filter) => {
    const stored = given.map((one) => JSON.stringify(one));
    expect(markRows(stored, filter)).toEqual(await selectRows(stored, filter));
  });
  await fc.assert(property, { numRuns: 150, seed: 20_261_129 });
});
