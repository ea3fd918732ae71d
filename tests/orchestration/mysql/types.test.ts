import { describe, expect, test } from "vitest";
import { ResultFormat } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb, mariaDbMissing } from "../../lib/mariadb-server.ts";
import { extractAll, plan, readParquet } from "../extracts.ts";
import { createSource, failureOf, query } from "../orchestration.ts";
import { linesOf, stream } from "../result-streams.ts";
import { startMariaSource } from "./maria-source.ts";

/** A type, its type in the file, and for each literal the value in the file and the one in JSON. */
type Case = [type: string, dataType: string, values: [sql: string, file: unknown, json?: unknown][]];

const bytes = (text: string) => Buffer.from(text, "latin1");
const base64 = (text: string) => bytes(text).toString("base64");
const longest = `${"9".repeat(60)}.12345`;

const cases: Case[] = [
  [
    "tinyint",
    "TINYINT",
    [
      ["-128", -128],
      ["127", 127],
    ],
  ],
  ["tinyint(1)", "TINYINT", [["2", 2]]],
  ["tinyint unsigned", "UTINYINT", [["255", 255]]],
  ["smallint", "SMALLINT", [["-32768", -32_768]]],
  ["smallint unsigned", "USMALLINT", [["65535", 65_535]]],
  ["mediumint", "INTEGER", [["-8388608", -8_388_608]]],
  ["mediumint unsigned", "UINTEGER", [["16777215", 16_777_215]]],
  ["int", "INTEGER", [["-2147483648", -2_147_483_648]]],
  [
    "int(5) unsigned zerofill",
    "UINTEGER",
    [
      ["4294967295", 4_294_967_295],
      ["7", 7],
    ],
  ],
  ["bigint", "BIGINT", [["-9223372036854775808", -(2n ** 63n), "-9223372036854775808"]]],
  ["bigint unsigned", "UBIGINT", [["18446744073709551615", 2n ** 64n - 1n, "18446744073709551615"]]],
  [
    "year",
    "SMALLINT",
    [
      ["2026", 2026],
      ["0", 0],
    ],
  ],
  ["bit(1)", "UBIGINT", [["b'1'", 1n, "1"]]],
  ["bit(64)", "UBIGINT", [["0xffffffffffffffff", 2n ** 64n - 1n, "18446744073709551615"]]],
  ["decimal(10,2)", "DECIMAL(10,2)", [["-99999999.99", -99_999_999.99, "-99999999.99"]]],
  ["decimal(38,10)", "DECIMAL(38,10)", [["0.5", 0.5, "0.5000000000"]]],
  ["decimal(65,5)", "VARCHAR", [[longest, longest]]],
  [
    "float",
    "FLOAT",
    [
      ["0.1", Math.fround(0.1), 0.1],
      ["16777217", 16_777_216],
      ["-1.17549435e-38", Math.fround(-1.175_494_35e-38), -1.175_494_4e-38],
    ],
  ],
  [
    "double",
    "DOUBLE",
    [
      ["0.1", 0.1],
      ["1.7976931348623157e308", Number.MAX_VALUE],
      ["0.30000000000000004", 0.1 + 0.2],
    ],
  ],
  [
    "date",
    "DATE",
    [
      ["'2024-02-29'", new Date("2024-02-29"), "2024-02-29"],
      ["'9999-12-31'", new Date("9999-12-31"), "9999-12-31"],
    ],
  ],
  [
    "datetime(6)",
    "TIMESTAMP",
    [
      ["'2020-02-29 12:00:00.500000'", new Date("2020-02-29T12:00:00.5Z"), "2020-02-29T12:00:00.5"],
      ["'0001-01-01 00:00:00'", new Date("0001-01-01"), "0001-01-01T00:00:00"],
    ],
  ],
  [
    "timestamp(3)",
    "TIMESTAMP WITH TIME ZONE",
    [["'2020-02-29 12:00:00.125'", new Date("2020-02-29T12:00:00.125Z"), "2020-02-29T12:00:00.125Z"]],
  ],
  [
    "time(6)",
    "VARCHAR",
    [
      ["'-838:59:59'", "-838:59:59"],
      ["'01:02:03.5'", "01:02:03.5"],
      ["0", "00:00:00"],
    ],
  ],
  ["char(5)", "VARCHAR", [["'ab '", "ab"]]],
  [
    "varchar(20)",
    "VARCHAR",
    [
      ["' a '", " a "],
      ["''", ""],
      ["'\\\\N'", "\\N"],
    ],
  ],
  ["varchar(20) character set latin1", "VARCHAR", [["'é€'", "é€"]]],
  ["varchar(20) character set sjis", "VARCHAR", [["'日本'", "日本"]]],
  [
    "longtext",
    "VARCHAR",
    [
      ["'żółw 🐢'", "żółw 🐢"],
      ["repeat('x', 70000)", "x".repeat(70_000)],
    ],
  ],
  ["enum('a','b c')", "VARCHAR", [["'b c'", "b c"]]],
  [
    "set('a','b','c')",
    "VARCHAR",
    [
      ["'a,c'", "a,c"],
      ["''", ""],
    ],
  ],
  ["json", "VARCHAR", [["'{\"a\":  [1.10, null]}'", '{"a":  [1.10, null]}', { a: [1.1, null] }]]],
  ["uuid", "UUID", [["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]]],
  ["inet6", "VARCHAR", [["'2001:db8::1'", "2001:db8::1"]]],
  ["inet4", "VARCHAR", [["'10.0.0.1'", "10.0.0.1"]]],
  ["binary(3)", "BLOB", [["x'00ff41'", bytes("\0\xffA"), base64("\0\xffA")]]],
  [
    "varbinary(3)",
    "BLOB",
    [
      ["x'5c4e'", bytes("\\N"), base64("\\N")],
      ["''", bytes(""), ""],
    ],
  ],
  ["blob", "BLOB", [["repeat(x'fe', 300)", bytes("\xfe".repeat(300)), base64("\xfe".repeat(300))]]],
];

/** A reader gives some types in another form. */
const alike = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (value instanceof Date) return value.getTime();
  return typeof value === "bigint" ? String(value) : value;
};

describe.skipIf(!hasMariaDb)(`types of MariaDB${mariaDbMissing}`, () => {
  const source = forFile(async () => {
    const made = await startMariaSource();
    await made.admin.query("set sql_mode = ''");
    return made;
  });

  /** Rows of a table in a file. The snapshot is closed, since it would keep the table from being replaced. */
  async function rowsInFile(sourceId: string, name: string) {
    const { user } = source();
    await user.catalog.discover({ sourceId });
    const { tables } = await user.catalog.listTables({ sourceId });
    const tableId = tables.find((table) => table.name === name)?.tableId ?? "";
    const planned = await plan(user, sourceId, [tableId]);
    try {
      const [extracted] = await extractAll(user, planned);
      const rows = await readParquet(extracted?.bytes ?? Buffer.alloc(0), { utf8: false });
      return { dataTypes: planned.tables[0]?.columns.map(({ dataType }) => dataType), rows };
    } finally {
      await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    }
  }

  test("OK: every type, in a file and in JSON, and null", async () => {
    const { admin, user, sourceId } = source();
    const columns = cases.map(([type], index) => `c${index} ${type} null`);
    await admin.query(`create table types (id int primary key, ${columns.join(", ")})`);
    const rowCount = Math.max(...cases.map(([, , values]) => values.length));
    for (let row = 0; row <= rowCount; row += 1) {
      const literals = cases.map(([, , values]) => values[row]?.[0] ?? "null");
      await admin.query(`insert into types values (${[row, ...literals].join(", ")})`);
    }
    const { dataTypes, rows } = await rowsInFile(sourceId, "types");
    expect(dataTypes?.slice(1)).toEqual(cases.map(([, dataType]) => dataType));
    const expected = Array.from({ length: rowCount + 1 }, (_, row) =>
      Object.fromEntries([
        ["id", row],
        ...cases.map(([, , values], index) => [`c${index}`, alike(values[row]?.[1] ?? null)]),
      ]),
    );
    const found = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, alike(value)])),
    );
    expect(found).toEqual(expected);
    const json = expected.map((row, index) =>
      Object.values(row).map((value, column) => cases[column - 1]?.[2][index]?.[2] ?? value),
    );
    const sql = "select * from types order by id";
    expect((await query(user, sourceId, sql)).rows).toEqual(json);
    const lines = linesOf(await stream(user, sourceId, sql, ResultFormat.NDJSON));
    expect(lines.map((line) => Object.values(line))).toEqual(json);
  });

  test.each([
    ["date", "'0000-00-00'", "0000-00-00"],
    ["datetime", "'2024-00-10 00:00:00'", "2024-00-10"],
    ["timestamp", "0", "0000-00-00"],
  ])(
    "SOURCE_DATA_INVALID: a %s of %s, or null if the source's settings say so",
    async (type, literal, shown) => {
      const { admin, user, sourceId, settings } = source();
      const table = `zero_${type}`;
      await admin.query(
        `create table ${table} (id int primary key, d ${type} null); insert into ${table} values (1, ${literal})`,
      );
      const refused = {
        reason: "SOURCE_DATA_INVALID",
        message: expect.stringContaining(`the column "d" has the date ${shown}, which no calendar has`),
      };
      expect(await failureOf(query(user, sourceId, `select d from ${table}`))).toMatchObject(refused);
      expect(await failureOf(rowsInFile(sourceId, table))).toMatchObject(refused);
      const lenient = await createSource(user, "mysql", { ...settings, zeroDates: "null" });
      expect((await query(user, lenient, `select d from ${table}`)).rows).toEqual([[null]]);
      expect((await rowsInFile(lenient, table)).rows).toEqual([{ id: 1, d: null }]);
    },
  );

  test("OK: names with quotes, dots and letters beyond ASCII, and a view", async () => {
    const { admin, sourceId } = source();
    await admin.query(
      'create table `a.``"\'ż` (`x "``.,` int primary key); insert into `a.``"\'ż` values (3)',
    );
    await admin.query('create view seen as select `x "``.,` as n from `a.``"\'ż`');
    for (const [name, column] of [
      ["a.`\"'ż", 'x "`.,'],
      ["seen", "n"],
    ] as const) {
      expect((await rowsInFile(sourceId, name)).rows).toEqual([{ [column]: 3 }]);
    }
  });

  test("OK: a text of GROUP_CONCAT is not cut, and double quotes enclose a text", async () => {
    const { user, sourceId } = source();
    const sql =
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) select length(group_concat(repeat("x", 3000))) from n';
    expect((await query(user, sourceId, sql)).rows).toEqual([[2_700_899]]);
  });
});
