import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineFailure } from "../../../services/orchestration/engine/engine-failure.ts";
import { readXlsx } from "../../../services/orchestration/engine/files/xlsx/read-xlsx.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { openFolder } from "./folder.ts";
import { openDatabase, readBack } from "./readers.ts";
import { rowsOf, type WorkbookParts, workbookOf } from "./workbooks.ts";

let folder: Awaited<ReturnType<typeof openFolder>>;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await openFolder();
  connection = await openDatabase();
});
afterAll(async () => {
  connection.closeSync();
  await folder[Symbol.asyncDispose]();
});

async function read(workbook: Buffer | WorkbookParts, settings: ReadingSettings = {}) {
  await folder.write(Buffer.isBuffer(workbook) ? workbook : workbookOf(workbook));
  const readable = await readXlsx({ path: "sluice_input" }, settings, connection);
  return { readable, ...(await readBack(connection, readable)) };
}

async function failureOf(workbook: Buffer | WorkbookParts, settings?: ReadingSettings): Promise<string> {
  const error = await read(workbook, settings).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(EngineFailure);
  expect((error as EngineFailure).kind).toBe("sourceDataInvalid");
  return (error as EngineFailure).message;
}

/** Reads one column without a header. */
async function column(cells: readonly (string | number)[], parts: WorkbookParts = {}) {
  const sheet = rowsOf(...cells.map((cell) => [cell]));
  const { types, rows, readable } = await read({ ...parts, sheet }, { header: false });
  return { type: types.A, values: rows.map(([value]) => value), note: readable.columns[0]?.note };
}

const v = (value: string, attributes = "") => `<c${attributes}><v>${value}</v></c>`;

describe("numbers", () => {
  test.each<[string, string[], string, unknown[]]>([
    ["integers", ["1", "-5", "0", "1E3", "5.0"], "BIGINT", ["1", "-5", "0", "1000", "5"]],
    ["integers beyond 2^53", ["1", "9223372036854775807"], "BIGINT", ["1", "9223372036854775807"]],
    ["17 digits of a double", ["0.10000000000000001", "1.1000000000000001", "5"], "DOUBLE", [0.1, 1.1, 5]],
    [
      "decimals",
      ["1.50", "-0.25", ".5", "1e-7", "1.7976931348623157E+308"],
      "DOUBLE",
      [1.5, -0.25, 0.5, 1e-7, 1.7976931348623157e308],
    ],
    [
      "more digits than a double has",
      ["0.1", "0.1234567890123456789"],
      "VARCHAR",
      ["0.1", "0.1234567890123456789"],
    ],
    [
      "more digits than an integer has",
      ["1", "12345678901234567890"],
      "VARCHAR",
      ["1", "12345678901234567890"],
    ],
    ["a long integer beside a decimal", ["9007199254740993", "0.5"], "VARCHAR", ["9007199254740993", "0.5"]],
  ])("%s", async (_, stored, type, values) => {
    expect(await column(stored.map((value) => v(value)))).toMatchObject({ type, values });
  });
});

describe("days and times", () => {
  const formats = [
    "yyyy-mm-dd",
    'd"th" mmm yy hh:mm',
    "h:mm AM/PM",
    "[h]:mm",
    '0.00" mm"',
    "[$-409]m/d/yy",
    "General",
  ];
  const at = (style: number, serial: string | number) => v(String(serial), ` s="${style}"`);

  test.each<[string, string[], string, unknown[]]>([
    [
      "days",
      [at(1, 45351), at(6, 61), at(1, 59), at(1, 1), at(1, 2958465)],
      "DATE",
      ["2024-02-29", "1900-03-01", "1900-02-28", "1900-01-01", "9999-12-31"],
    ],
    [
      "days with times",
      [at(1, 45351), at(2, "45351.520833333336"), at(2, 45351 + 1 / 86_400)],
      "TIMESTAMP",
      ["2024-02-29 00:00:00", "2024-02-29 12:30:00", "2024-02-29 00:00:01"],
    ],
    ["times", [at(3, "0.52083333333333337"), at(3, 0)], "TIME", ["12:30:00", "00:00:00"]],
    ["spans stay numbers of days", [at(4, 1.5), at(4, 2)], "DOUBLE", [1.5, 2]],
    ["words in a format are no placeholders", [at(5, 45351), at(7, 2)], "BIGINT", ["45351", "2"]],
    [
      "the day that there was not, and no day",
      [at(1, 60), at(1, 61), at(1, 0)],
      "VARCHAR",
      ["60", "1900-03-01", "0"],
    ],
    [
      "ISO",
      ['<c t="d"><v>2024-02-29</v></c>', '<c t="d"><v>2024-02-29T10:00:00.5</v></c>'],
      "TIMESTAMP",
      ["2024-02-29 00:00:00", "2024-02-29 10:00:00.5"],
    ],
  ])("%s", async (_, cells, type, values) => {
    expect(await column(cells, { formats })).toMatchObject({ type, values });
  });

  test("formats of conditions have ids of their own", async () => {
    const styles =
      '<styleSheet><numFmts><numFmt numFmtId="200" formatCode="yyyy"/></numFmts>' +
      '<cellXfs><xf numFmtId="14"/><xf numFmtId="200"/><xf numFmtId="0"/></cellXfs>' +
      '<dxfs><dxf><numFmt numFmtId="14" formatCode="0.00%"/></dxf><dxf><numFmt numFmtId="200" formatCode="0"/></dxf></dxfs></styleSheet>';
    const found = await column([at(0, 45351), at(1, 45352)], { parts: { "xl/styles.xml": styles } });
    expect(found).toMatchObject({ type: "DATE", values: ["2024-02-29", "2024-03-01"] });
  });

  test("days since 1904", async () => {
    const found = await column([at(1, 0), at(1, 43889)], { formats, is1904: true });
    expect(found).toMatchObject({ type: "DATE", values: ["1904-01-01", "2024-02-29"] });
  });

  test.each([true, false])("negative numbers are no days, and named; since 1904: %s", async (is1904) => {
    const found = await column([at(1, 45351), at(1, 45352), at(1, -1), at(3, "-1e-12")], { formats, is1904 });
    expect(found).toMatchObject({
      type: "VARCHAR",
      values: [expect.any(String), expect.any(String), "-1", "-1e-12"],
    });
    expect(found.note).toContain('2 values are dates; 1 integers, the first in A3: "-1"');
  });
});

describe("texts and other values", () => {
  test("shared, inline, rich, escaped, empty, and computed ones", async () => {
    const strings =
      '<si><t>plain &amp; <![CDATA[<raw>]]></t></si><si><r><t>two </t></r><r><t xml:space="preserve"> runs</t></r><rPh><t>aid</t></rPh></si>' +
      "<si><t>line_x000D_&#10;_x0000__x005F_</t></si><si><t/></si>";
    const cells = [0, 1, 2, 3].map((index) => v(String(index), ' t="s"'));
    const found = await column([...cells, '<c t="str"><f>CONCAT("a")</f><v>🐢</v></c>', "007"], { strings });
    expect(found).toEqual({
      type: "VARCHAR",
      values: ["plain & <raw>", "two  runs", "line\r\n_x0000__", "", "🐢", "007"],
      note: undefined,
    });
  });

  test("texts of formulas have escapes as others do", async () => {
    const written = "a_x000D_&#10;b_x005F_x000D_";
    const cells = [
      v("0", ' t="s"'),
      `<c t="inlineStr"><is><t>${written}</t></is></c>`,
      v(written, ' t="str"'),
    ];
    const found = await column(cells, { strings: `<si><t>${written}</t></si>` });
    expect(found.values).toEqual(Array(3).fill("a\r\nb_x000D_"));
  });

  test("booleans, and a mixture with its first odd cell", async () => {
    expect(await column([v("1", ' t="b"'), v("0", ' t="b"')])).toMatchObject({
      type: "BOOLEAN",
      values: [true, false],
    });
    expect(await column([1, 2, "x", v("1", ' t="b"')])).toEqual({
      type: "VARCHAR",
      values: ["1", "2", "x", "true"],
      note: '2 values are integers; 1 texts, the first in A3: "x"; 1 truth values, the first in A4: "true"',
    });
  });

  test("stored values of formulas only", async () => {
    const bomb = `<c><f>${"SUM(A1,".repeat(50_000)}</f><v>7</v></c>`;
    expect(await column([bomb])).toMatchObject({ type: "BIGINT", values: ["7"] });
    expect(await failureOf({ sheet: rowsOf(["a", "b"], [1, "<c><f>1+1</f></c>"]) })).toContain(
      "the formula in the cell B2 has no stored value",
    );
  });

  test("errors are refused by their cell, unless they are missing values", async () => {
    const sheet = rowsOf(["a", "b"], [1, v("#DIV/0!", ' t="e"')]);
    expect(await failureOf({ sheet })).toContain("the cell B2 has the error #DIV/0!");
    expect((await read({ sheet }, { errorCells: "null" })).rows).toEqual([["1", null]]);
  });
});

describe("tables", () => {
  test("the first row of texts has the names; empty rows are left out, and merged cells have one value", async () => {
    const sheet =
      '<row r="3"><c r="B3" t="inlineStr"><is><t>name</t></is></c><c r="D3" t="inlineStr"><is><t>n</t></is></c></row>' +
      '<row r="4" spans="1:9"/><row r="9"><c r="B9" s="0"/><c r="D9"><v>1</v></c></row><row r="10"><c r="B10"><v>2</v></c></row>' +
      '</sheetData><mergeCells><mergeCell ref="B9:B10"/></mergeCells><sheetData>';
    const { types, rows, readable } = await read({ sheet });
    expect([types, rows]).toEqual([
      { name: "BIGINT", n: "BIGINT" },
      [
        [null, "1"],
        ["2", null],
      ],
    ]);
    expect(readable.found).toMatchObject({ format: "xlsx", sheet: "Table", header: 3, errorCells: "refuse" });
    expect(readable.columns.map(({ nullCount }) => nullCount)).toEqual([1, 1]);
  });

  test("sheet, range, header and types by the settings", async () => {
    const other = rowsOf(["title"], [1, 2, 3], ["", "x", "y"], [9, "01", 5], [9, "2", 6], [9, "3", 7]);
    const parts = { sheet: rowsOf(["a"]), others: { "The Other": other } };
    const settings = {
      sheet: "The Other",
      range: "B3:C5",
      header: 3,
      columnTypes: { x: "BIGINT" },
      columnNames: { y: "why" },
    };
    const { types, rows } = await read(parts, settings);
    expect([types, rows]).toEqual([
      { x: "BIGINT", why: "BIGINT" },
      [
        ["1", "5"],
        ["2", "6"],
      ],
    ]);
    expect(await failureOf(parts, { sheet: "None" })).toContain(
      'it has no sheet "None", but "Table", "The Other"',
    );
    expect(await failureOf(parts, { range: "C5:B3" })).toContain("settings.range");
    expect(await failureOf(parts, { header: 7 })).toContain(
      "the row 7, which settings.header names, has no values",
    );
  });

  test("a value that does not fit a type of the settings is a problem with its row", async () => {
    await folder.write(workbookOf({ sheet: rowsOf(["a"], ["1"], ["x"]) }));
    const settings = { columnTypes: { a: "BIGINT" } };
    const readable = await readXlsx({ path: "sluice_input" }, settings, connection);
    expect(readable.problems).toEqual([{ line: 3, column: "a", message: '1 value is no BIGINT, as "x"' }]);
  });

  test("names that repeat or are missing are refused by their position", async () => {
    expect(await failureOf({ sheet: rowsOf(["a", "A"]) })).toContain("differ in case only");
    expect(await failureOf({ sheet: rowsOf(["title"], [1, 2]) })).toContain(
      "column 2 has a name that is empty",
    );
  });
});

describe("hostile workbooks", () => {
  const sheetPart = "xl/worksheets/sheet1.xml";
  const bombs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>';

  test.each<[string, () => WorkbookParts | Buffer, string]>([
    [
      "entities that expand",
      () => ({ parts: { [sheetPart]: `${bombs}<worksheet>&b;</worksheet>` } }),
      "it declares a document type",
    ],
    [
      "entities in shared texts",
      () => ({ parts: { "xl/sharedStrings.xml": `${bombs}<sst/>` } }),
      "it declares a document type",
    ],
    ["unknown entities", () => ({ sheet: "<row><c><v>&b;</v></c></row>" }), "sheet1.xml"],
    ["deep elements", () => ({ sheet: "<x>".repeat(100) }), "nested more than 64 times"],
    ["a long attribute", () => ({ sheet: `<row r="${"1".repeat(200_000)}"/>` }), "sheet1.xml"],
    ["XML that is cut", () => ({ parts: { [sheetPart]: "<worksheet><sheetData><row>" } }), "sheet1.xml"],
    [
      "bytes that are no UTF-8",
      () => ({ parts: { [sheetPart]: Buffer.from("<worksheet>\xff</worksheet>", "latin1") } }),
      "it is not in UTF-8",
    ],
    ["macros", () => ({ parts: { "xl/vbaProject.bin": "x" } }), "it has macros"],
    ["a zip that is no workbook", () => ({ parts: { "_rels/.rels": "<Relationships/>" } }), "no workbook"],
    [
      "a part that is missing",
      () => ({ parts: { "xl/_rels/workbook.xml.rels": "<Relationships/>" } }),
      "it has no sheet with cells",
    ],
    ["a zip that is cut", () => workbookOf({}).subarray(0, 500), "its zip is damaged"],
    ["rows out of order", () => ({ sheet: '<row r="2"/><row r="1"/>' }), "the row 1 follows the row 2"],
    ["rows beyond a sheet", () => ({ sheet: '<row r="1048577"/>' }), "the row 1048577"],
    [
      "cells twice",
      () => ({ sheet: '<row r="1"><c r="A1"/><c r="A1"/></row>' }),
      'the cell "A1" is not in its place',
    ],
    [
      "cells beyond a sheet",
      () => ({ sheet: '<row r="1"><c r="XFE1"/></row>' }),
      'the cell "XFE1" is not in its place',
    ],
    [
      "a shared text that there is not",
      () => ({ sheet: '<row><c t="s"><v>7</v></c></row>', strings: "" }),
      "the cell A1 has the value",
    ],
    [
      "a number that is none",
      () => ({ sheet: "<row><c><v>0x10</v></c></row>" }),
      "the cell A1 has the value",
    ],
    ["a type that is not known", () => ({ sheet: '<row><c t="z"><v>1</v></c></row>' }), 'the type "z"'],
    [
      "an inline text with a value",
      () => ({ sheet: '<row><c t="inlineStr"><is><t>a</t></is><v>1</v></c></row>' }),
      'the cell A1 has the type "inlineStr", but an element "v"',
    ],
    [
      "a value in place of an inline text",
      () => ({ sheet: '<row><c t="inlineStr"><v>1</v></c></row>' }),
      'the cell A1 has the type "inlineStr", but an element "v"',
    ],
    [
      "a computed text with an inline one",
      () => ({ sheet: rowsOf(["a", '<c t="str"><v>b</v><is><t>c</t></is></c>']) }),
      'the cell B1 has the type "str", but an element "is"',
    ],
    [
      "a number with an inline text",
      () => ({ sheet: "<row><c><is><t>1</t></is></c></row>" }),
      'the cell A1 has the type "n", but an element "is"',
    ],
    [
      "two values of a cell",
      () => ({ sheet: "<row><c><v>1</v><v>2</v></c></row>" }),
      "the cell A1 has two values",
    ],
    [
      "two inline texts of a cell",
      () => ({ sheet: '<row><c t="inlineStr"><is><t>a</t></is><is><t>b</t></is></c></row>' }),
      "the cell A1 has two values",
    ],
    [
      "elements in a value",
      () => ({ sheet: "<row><c><v>1<x>2</x>3</v></c></row>" }),
      'the cell A1 has an element "x" in its value',
    ],
    [
      "a cell in a value",
      () => ({ sheet: '<row><c r="A1"><v>1<c r="B1"><v>2</v></c></v></c></row>' }),
      'the cell A1 has an element "c" in its value',
    ],
    ["no cells", () => ({ sheet: '<row r="1"><c r="A1"/></row>' }), "has no values in its cells"],
    [
      "a cell of megabytes",
      () => ({ sheet: rowsOf(["x".repeat(1_100_000)]) }),
      "the cell A1 has a text of more than 1048576 characters",
    ],
    [
      "shared texts of 100 MB",
      () => ({ sheet: rowsOf(["a"]), strings: `<si><t>${"ab ".repeat(1_000_000)}</t></si>`.repeat(25) }),
      "64 million characters of text",
    ],
  ])("%s", async (_, workbook, message) => {
    expect(await failureOf(workbook())).toContain(message);
  });

  test("a part whose bytes have changed", async () => {
    const workbook = workbookOf({ sheet: rowsOf(["a"], [1]) });
    const at = workbook.indexOf("xl/worksheets/sheet1.xml") - 30 + 14;
    workbook.writeUInt32LE(7, workbook.lastIndexOf("xl/worksheets/sheet1.xml") - 46 + 16);
    workbook.writeUInt32LE(7, at);
    expect(await failureOf(workbook)).toContain(
      'its part "xl/worksheets/sheet1.xml" does not fit its checksum',
    );
  });

  test("a part that unpacks to more than files of its size do", async () => {
    const workbook = { parts: { "xl/sharedStrings.xml": Buffer.alloc(300 * 1024 ** 2, " ") } };
    expect(await failureOf(workbook)).toMatch(/unpacks from \d+ to 314572800 bytes/);
  });

  test("OK: a million empty rows", async () => {
    const empty = Array.from({ length: 1_000_000 }, (_, index) => `<row r="${index + 3}"/>`).join("");
    const { rows } = await read({ sheet: `${rowsOf(["a"], [1])}${empty}` });
    expect(rows).toEqual([["1"]]);
  });
});
