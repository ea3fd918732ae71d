import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { filterCondition } from "../../services/lib/list/filter-sql.ts";
import { type Filter, parseFilter } from "../../services/lib/list/parse-filter.ts";
import { failureOf } from "./failure-of.ts";
import { forFile } from "./for-file.ts";
import { request, startThings, states, type Thing, thingList } from "./things-list.ts";

const scene = forFile(startThings);

type Tree = { field: string; operator: string; value: string } | { joint: "AND" | "OR"; parts: Tree[] };

const quote = (value: string): string => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;

/** The filter as text that parses to it. */
function print(tree: Tree): string {
  if ("field" in tree) return `${tree.field} ${tree.operator} ${quote(tree.value)}`;
  return tree.parts
    .map((part) => ("field" in part ? print(part) : `(${print(part)})`))
    .join(` ${tree.joint} `);
}

function treeOf(filter: Filter | undefined): Tree {
  if (!filter) throw new Error("an empty filter");
  if (filter.kind !== "comparison") {
    return { joint: filter.kind === "and" ? "AND" : "OR", parts: filter.operands.map(treeOf) };
  }
  return { field: filter.field, operator: filter.operator, value: filter.value };
}

const characters = [
  "a",
  "B",
  "ß",
  "%",
  "_",
  "\\",
  '"',
  "'",
  " ",
  "é",
  "e\u0301",
  "😀",
  "(",
  "OR",
  ";--",
  "*",
  "İ",
];
const texts = fc.array(fc.constantFrom(...characters), { maxLength: 3 }).map((parts) => parts.join(""));
const epoch = Date.UTC(2026, 0, 1);
const times = fc.integer({ min: -2, max: 2 }).map((offset) => new Date(epoch + offset));
const equality = ["=", "!="];
const ranges = [...equality, "<", "<=", ">", ">="];
const ids = [1, 2, 3].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`);

const comparison = (field: string, operators: string[], value: fc.Arbitrary<string>): fc.Arbitrary<Tree> =>
  fc.record({ field: fc.constant(field), operator: fc.constantFrom(...operators), value });
const timeTexts = fc
  .tuple(times, fc.constantFrom("", "5", "000000"))
  .map(([time, digits]) => time.toISOString().replace("Z", `${digits}Z`));

const comparisons = fc.oneof(
  comparison("name", [...equality, ":"], texts),
  comparison("thing_id", equality, fc.constantFrom(...ids)),
  comparison("state", equality, fc.constantFrom(...states)),
  comparison("roles", [":"], texts),
  comparison("size", ranges, fc.bigInt({ min: -2n, max: 2n }).map(String)),
  comparison("active", equality, fc.constantFrom("true", "false")),
  comparison("create_time", ranges, timeTexts),
  comparison("end_time", ranges, timeTexts),
);
const { tree: trees } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    comparisons,
    fc.record({
      joint: fc.constantFrom("AND" as const, "OR" as const),
      parts: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

const rows: fc.Arbitrary<Thing[]> = fc.uniqueArray(
  fc.record({
    thingId: fc.oneof(fc.constantFrom(...ids), fc.uuid({ version: 7 })),
    name: texts,
    state: fc.constantFrom(...states),
    roles: fc.array(texts, { maxLength: 2 }),
    size: fc.bigInt({ min: -2n, max: 2n }),
    active: fc.boolean(),
    createTime: times,
    endTime: fc.option(times),
  }),
  { maxLength: 8, selector: ({ thingId }) => thingId },
);

/** Whether a row matches, computed here. */
function matches(row: Thing, tree: Tree): boolean {
  if ("joint" in tree) {
    return tree.joint === "AND"
      ? tree.parts.every((part) => matches(row, part))
      : tree.parts.some((part) => matches(row, part));
  }
  const { field, operator, value } = tree;
  switch (field) {
    case "name":
      return operator === ":" ? folded(row.name).includes(folded(value)) : compare(row.name, operator, value);
    case "thing_id":
      return compare(row.thingId, operator, value);
    case "state":
      return compare(row.state, operator, value);
    case "roles":
      return row.roles.includes(value);
    case "size":
      return compare(row.size, operator, BigInt(value));
    case "active":
      return compare(row.active, operator, value === "true");
    default:
      return compareTime(field === "create_time" ? row.createTime : row.endTime, operator, value);
  }
}

// PostgreSQL's lower() folds one code point into one, which toLowerCase does not for İ.
const folded = (text: string): string => text.replaceAll("İ", "i").toLowerCase().replaceAll("i\u0307", "i");

function compare<Value>(left: Value, operator: string, right: Value): boolean {
  if (operator === "=") return left === right;
  if (operator === "!=") return left !== right;
  if (operator.startsWith("<")) return left < right || (operator === "<=" && left === right);
  return left > right || (operator === ">=" && left === right);
}

/** Compares with more digits than milliseconds: those of the rows are zero. */
function compareTime(time: Date | null, operator: string, text: string): boolean {
  if (time === null) return operator === "!=";
  const [, digits = ""] = /\.\d{3}(\d*)Z/.exec(text) ?? [];
  const right = Date.parse(text.replace(/(\.\d{3})\d*Z/, "$1Z")) + (digits === "5" ? 0.5 : 0);
  return compare(time.getTime(), operator, right);
}

test("OK: a filter that is printed and parsed is the same", () => {
  fc.assert(
    fc.property(trees, (tree) => {
      expect(treeOf(parseFilter(print(tree)))).toEqual(tree);
    }),
  );
});

test("OK or InvalidArgument: any text is a filter, or is refused with a position in it", () => {
  const words = fc.constantFrom(
    "AND",
    "OR",
    "(",
    ")",
    "name",
    "size",
    "=",
    ":",
    "<=",
    '"',
    "'",
    "\\",
    "1",
    " ",
    "\0",
  );
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words, { maxLength: 30 }).map((some) => some.join("")),
  );
  fc.assert(
    fc.property(any, (text) => {
      try {
        parseFilter(text);
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        const [, position] = /at position (\d+)$/.exec(error.rawMessage) ?? [];
        expect([error.code, Number(position) >= 1 && Number(position) <= text.length + 1]).toEqual([
          Code.InvalidArgument,
          true,
        ]);
      }
    }),
    { numRuns: 500 },
  );
});

test("OK: the database finds what the filter says", async () => {
  const { db, fill } = scene();
  await fc.assert(
    fc.asyncProperty(rows, fc.array(trees, { minLength: 3, maxLength: 6 }), async (all, filters) => {
      await fill(all);
      for (const tree of filters) {
        const expected = all.filter((row) => matches(row, tree)).map(({ thingId }) => thingId);
        const page = await thingList.read(db, request({ filter: print(tree) }), undefined);
        expect(page.rows.map(({ thingId }) => thingId).sort(), print(tree)).toEqual(expected.sort());
        expect(page.totalSize).toBe(expected.length);
      }
    }),
    { numRuns: 60 },
  );
});

const nested = (depth: number) => `${"(".repeat(depth)}size = 1${")".repeat(depth)}`;

test.each([
  ["size", "the end instead of", 5],
  ["size =", "the end instead of a value", 7],
  ["size = 1 size = 2", '"size" instead of AND, OR or the end', 10],
  ["size = 1 and size = 2", '"and" instead of AND', 10],
  ["size = 1 AND size = 2 OR size = 3", "AND and OR side by side", 23],
  ["(size = 1", "the end instead of AND, OR or )", 10],
  ["size == 1", 'operator "=" instead of a value', 7],
  ["size ~ 1", '"~" instead of one of', 6],
  ['name = "x', "a quote that is not closed", 8],
  ['name = "a\\n"', "a backslash", 10],
  ["NOT size = 1", '"size" instead of one of', 5],
  ["-size = 1", 'unknown field "-size"', 1],
  ["sise = 1", 'unknown field "sise", not one of thing_id, name', 1],
  ["__proto__ = 1", "unknown field", 1],
  ["constructor = 1", "unknown field", 1],
  ["password_hash : a", "unknown field", 1],
  ["size : 1", "operator :, where size has = != < <= > >=", 6],
  ["name < a", "operator <", 6],
  ["size = 1.5", '"1.5", where size takes an integer', 8],
  ["size = 9223372036854775808", "an integer of 64 bits", 8],
  ["active = yes", "true or false", 10],
  ["state = gone", "one of draft, in_review, done", 9],
  ["thing_id = 1", "a UUID", 12],
  ["create_time > yesterday", "a time of RFC 3339", 15],
  ["create_time > 2026-02-30T00:00:00Z", "a time of RFC 3339", 15],
  ["create_time > 2026-01-01T24:00:00Z", "a time of RFC 3339", 15],
  ["create_time > 0000-01-01T00:00:00Z", "a time of RFC 3339", 15],
  ['name = "a\0"', "NUL", 1],
  ["name = \ud800", "half of a surrogate pair", 1],
  [nested(21), "more than 20 parentheses", 21],
  [`name = ${"x".repeat(2000)}`, "longer than 2000 characters", 2001],
  ["1 = 1; drop table things", '"drop" instead of AND, OR or the end', 8],
])("InvalidArgument: %j", async (filter, problem, position) => {
  const failure = await thingList
    .read(scene().db, request({ filter }), undefined)
    .catch((error: unknown) => error);
  expect(String(failure)).toContain(problem);
  expect(String(failure)).toMatch(new RegExp(`at position ${position}$`));
  expect(await failureOf(Promise.reject(failure))).toEqual({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
    metadata: { field: "filter", position: String(position) },
    fields: ["filter"],
  });
});

test("OK: SQL and wildcards in a text are a text", async () => {
  const row = { state: "draft", roles: [], size: 1n, active: true, createTime: new Date(), endTime: null };
  const names = ["' or 1=1 --", "100%", "a_b", "axb", "\\", "$1", "Cafe\u0301", "Café"];
  await scene().fill(names.map((name) => ({ ...row, thingId: randomUUID(), name })));
  const found = async (filter: string) => {
    const page = await thingList.read(scene().db, request({ filter, orderBy: "name" }), undefined);
    return page.rows.map(({ name }) => name);
  };
  for (const name of names) expect(await found(`name = ${quote(name)}`)).toEqual([name]);
  expect(await found(`name : "' OR 1=1"`)).toEqual(["' or 1=1 --"]);
  expect(await found("name:%")).toEqual(["100%"]);
  expect(await found("name:_")).toEqual(["a_b"]);
  expect(await found(String.raw`name:"\\"`)).toEqual(["\\"]);
  // Texts are compared as they are: nothing composes or decomposes them.
  expect(await found("name:CAFÉ")).toEqual(["Café"]);
});

test("OK: the filter of twenty parentheses and two hundred comparisons", async () => {
  const many = Array.from({ length: 150 }, (_, index) => `size = ${index}`).join(" OR ");
  expect(filterCondition({}, "")).toBeUndefined();
  const { totalSize } = await thingList.read(scene().db, request({ filter: many }), undefined);
  expect(totalSize).toBeGreaterThan(0);
  await thingList.read(scene().db, request({ filter: nested(20) }), undefined);
});
