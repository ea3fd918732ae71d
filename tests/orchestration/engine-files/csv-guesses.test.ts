import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { keepByteOrderMarks } from "../../../services/orchestration/engine/database/keep-byte-order-marks.ts";
import { prepareFile } from "../../../services/orchestration/engine/files/prepare-file.ts";
import { previewFile } from "../../../services/orchestration/engine/files/preview-file.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { openFolder } from "./folder.ts";

let folder: Awaited<ReturnType<typeof openFolder>>;
beforeAll(async () => {
  keepByteOrderMarks();
  folder = await openFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());
const removeOutput = () =>
  Promise.all(["sluice_normal", "sluice_output"].map((name) => rm(name, { force: true })));
afterEach(removeOutput);

const taskOf = (settings: ReadingSettings) => ({
  path: "sluice_input",
  fileName: "a.csv",
  spillDirectory: "sluice_spill",
  memoryBytes: 1024 ** 3,
  settings,
});

/** Types and rows of a CSV. Preparing it also compares the scan's counts with DuckDB's. */
async function read(content: string, settings: ReadingSettings = {}) {
  await removeOutput();
  await folder.write(Buffer.from(content, "latin1"));
  const preview = await previewFile({ kind: "preview", maxRows: 20, ...taskOf(settings) });
  await removeOutput();
  const outputPath = "sluice_output";
  const guess = { kind: "prepareFile" as const, isGuessing: false, outputPath, ...taskOf(settings) };
  const { rowCount } = await prepareFile(guess);
  expect(rowCount).toBe(preview.rowCount);
  const columns = preview.columns.map(({ name, dataType }) => `${name} ${dataType}`);
  return { columns, rows: preview.rows, found: preview.found };
}

describe("OK: a type that is said keeps every value, or they are told as misfits", () => {
  const misfits = async (content: string, settings: ReadingSettings) => {
    await folder.write(content);
    const { problems } = await previewFile({ kind: "preview", maxRows: 20, ...taskOf(settings) });
    return problems.map(({ line, message }) => `${line}: ${message}`);
  };

  test("integers of DECIMAL(18,0) have no fraction", async () => {
    const settings = { columnTypes: { a: "DECIMAL(18,0)" } };
    expect(await misfits("a\n1.5\n2\n3.00\n.5\n", settings)).toEqual([
      '2: 2 values are no DECIMAL(18,0), as "1.5"',
      '5: 2 values are no DECIMAL(18,0), as ".5"',
    ]);
    expect((await read("a\n2\n3.00\n4.\n", settings)).rows).toEqual([["2"], ["3"], ["4"]]);
  });

  test("numbers of DOUBLE and FLOAT have no more digits than these, and times end before 24:00", async () => {
    const bad = ["9007199254740993", "0.1234567890123456789", "1e400", "1e-400"];
    const good = [
      "9007199254740992",
      "0.30",
      "-1.5e+300",
      "1e22",
      ".5",
      "-0",
      "NaN",
      "inf",
      "0.12345678901234568",
    ];
    const settings = { columnTypes: { a: "DOUBLE" } };
    for (const text of bad) expect(await misfits(`a\n${text}\n`, settings), text).toHaveLength(1);
    for (const text of good) expect(await misfits(`a\n${text}\n`, settings), text).toEqual([]);
    const float = { columnTypes: { a: "FLOAT" } };
    expect(await misfits("a\n16777216\n0.1\n", float)).toEqual([]);
    expect(await misfits("a\n16777217\n", float)).toHaveLength(1);
    expect(await misfits("a\n24:00:00\n", { columnTypes: { a: "TIME" } })).toHaveLength(1);
  });

  test("groups have three digits, and a point is none where a comma is", async () => {
    const columnTypes = { a: "DECIMAL(18,2)" };
    const german = { columnTypes, decimalSeparator: ",", thousandsSeparator: "." } as const;
    expect(await misfits("a;b\n1.5;x\n1.234,5;x\n12345;x\n", german)).toEqual([
      '2: 1 value is no DECIMAL(18,2), as "1.5"',
    ]);
    expect(await misfits("a;b\n1.5;x\n1,5;x\n", { columnTypes, decimalSeparator: "," })).toHaveLength(1);
    const apostrophes = { columnTypes, thousandsSeparator: "'" } as const;
    expect((await read("a\n1'234.5\n-1'234'567\n", apostrophes)).rows).toEqual([
      ["1234.50"],
      ["-1234567.00"],
    ]);
  });

  test("a format with nanoseconds is a type with nanoseconds; a time with a zone stays text", async () => {
    const timestampFormat = "%Y/%m/%d %H:%M:%S.%n";
    expect(await read("a\n2024/01/02 10:00:00.123456789\n", { timestampFormat })).toMatchObject({
      columns: ["a TIMESTAMP_NS"],
      rows: [["2024-01-02T10:00:00.123456789"]],
    });
    expect(
      await read("a\n2024/01/02 10:00:00.123456789 +01\n", { timestampFormat: `${timestampFormat} %z` }),
    ).toMatchObject({ columns: ["a VARCHAR"] });
    expect(await read("a\n10h00 +01:00\n", { timeFormat: "%Hh%M %z" })).toMatchObject({
      columns: ["a VARCHAR"],
    });
    expect(await read("a\n10:00:00.123456789\n", { timeFormat: "%H:%M:%S.%n" })).toMatchObject({
      columns: ["a VARCHAR"],
    });
  });
});

test("OK: a date format that is said goes before the one that is found", async () => {
  const settings = { dateFormat: "%Y-%d-%m" };
  expect(await read("a,b,c\n2024-01-02,2024-01-31,x\n2024-03-02,2024-01-02,y\n", settings)).toMatchObject({
    columns: ["a DATE", "b DATE", "c VARCHAR"],
    rows: [
      ["2024-02-01", "2024-01-31", "x"],
      ["2024-02-03", "2024-01-02", "y"],
    ],
  });
  expect(await read("a\n31/12/2024\n01/02/2024\n", { dateFormat: "%m/%d/%Y" })).toMatchObject({
    columns: ["a VARCHAR"],
    rows: [["31/12/2024"], ["01/02/2024"]],
  });
});

test("OK: an integer of 16 digits among decimals keeps its last digit", async () => {
  const rows = [...Array.from({ length: 300 }, () => "0.125"), "9007199254740993", "0.25"];
  const { columns } = await read(`a\n${rows.join("\n")}\n`);
  expect(columns).toEqual(["a DECIMAL(38,3)"]);
  await folder.write(`a\n${rows.join("\n")}\n`);
  const task = { kind: "prepareFile" as const, isGuessing: true, outputPath: "sluice_output", ...taskOf({}) };
  await removeOutput();
  await expect(prepareFile(task)).rejects.toThrow(/double/);
});

describe("OK: what is found out of a file loses no row, name or character of it", () => {
  test.each([
    ["an apostrophe around some values", "name,nick\nA,x\nB,'Bob'\nC,'Al'\n", "nick VARCHAR", ["A", "x"]],
    ["a column without name or values", "a,,b,\n1,,2,\n", "column3 VARCHAR", ["a", null, "b", null]],
    ["a blank line first", "\nname,city\nx,y\n", "city VARCHAR", ["x", "y"]],
    ["blank lines before names without rows", "\n\na,b\n", "b VARCHAR", undefined],
    ["one row without its line break", "a,b\r\n1,2", "b BIGINT", ["1", "2"]],
    ["names that end in another way than rows", "a,b\n1,2\r\n3,4\r\n", "b BIGINT", ["1", "2"]],
    ["names that every object has", "id,constructor\n1,2\n", "constructor BIGINT", ["1", "2"]],
    ["years among the names", "id,name,2021\n1,x,5\n", "2021 BIGINT", ["1", "x", "5"]],
    ["a missing value first", "N/A,5\n1,6\n", "column1 BIGINT", ["N/A", "5"]],
    ["comments", "# one\na,b\n1,2\n# two\n", "b BIGINT", ["1", "2"]],
    ["a byte order mark of a value", "a;b\n\n\xef\xbb\xbfx;1\n", "b BIGINT", ["\uFEFFx", "1"]],
    ["all of a column in apostrophes", "a,b\n'x',1\n'y',2\n", "b BIGINT", ["x", "1"]],
  ])("%s", async (_, content, lastColumn, firstRow) => {
    const { columns, rows } = await read(content);
    expect(columns.at(-1)).toBe(lastColumn);
    expect(rows[0]).toEqual(firstRow);
  });

  test("what a preview found reads the file in the same way", async () => {
    for (const content of ["a,b\n1,2\n", "x\n\na;b\n1,5;2\n", "Title\na;b\n1;2\n", "# c\na,b\n1,2\n# d\n"]) {
      const { found, ...preview } = await read(content);
      const { found: again, ...same } = await read(content, found);
      expect([again, same]).toEqual([found, preview]);
    }
  });
});

describe("SourceDataInvalid: what is in doubt is refused with its line", () => {
  test.each([
    ["a row that begins as a comment", "# one\ntag,count\n#foo,5\n", /^line 3: it begins with #/],
    ["a quote that is not closed", 'a,b\n1,"x\n2,y\n', /^line 2: a quote is opened/],
    ["text behind a quote", 'a,b\n1,"x"y\n', /^line 2: text stands behind a closing quote/],
    ["names that are not UTF-8", "a,b\xff\n1,2\n", /^line 1: its byte 4 is not UTF-8/],
    [
      "a value that is a carriage return",
      "a,b\n\r,1\n2,3\n",
      /^line 2: it ends with \\r alone where others end with \\n/,
    ],
    ["a carriage return within a value", "a,b\r\n1,x\ry,2\r\n", /^line 2: it ends with \\r alone/],
    [
      "a line feed among carriage returns",
      "a,b\r1,2\r3,4\n5,6\r",
      /^line 3: it ends with \\n where others end with \\r/,
    ],
    [
      "more columns than are read",
      `${",".repeat(20_000)}\n`,
      /^it has 20,001 columns; 20,000 at the most are read/,
    ],
    ["a NUL in a name", "a\0b,c\n1,2\n", /^column 1 has a name that .* NUL/],
  ])("%s", async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });
});

test("OK: a first row of megabytes", async () => {
  const text = "x".repeat(3_000_000);
  const { columns, rows } = await read(`a,${text}\n`, { header: false });
  expect([columns, rows]).toEqual([["column0 VARCHAR", "column1 VARCHAR"], [["a", text]]]);
  const names = await read(`${text},b\n1,2\n`);
  expect([names.columns, names.rows]).toEqual([[`${text} BIGINT`, "b BIGINT"], [["1", "2"]]]);
});

test("OK: line breaks in quotes are none between rows, wherever threads begin to read", async () => {
  const inner = "1,2,3\n";
  const row = (n: number) => `${n},"${inner.repeat(n % 50 === 0 ? 500_000 : 20)}",${n}\n`;
  const { rows } = await read(`a,b,c\n${Array.from({ length: 600 }, (_, n) => row(n)).join("")}`);
  expect(rows.slice(1)).toEqual(
    Array.from({ length: 19 }, (_, n) => [`${n + 1}`, inner.repeat(20), `${n + 1}`]),
  );
});
