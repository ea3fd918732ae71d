import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb, mariaDbMissing } from "../../lib/mariadb-server.ts";
import { sqliteBytes } from "../sqlite/sqlite-file.ts";
import { openScene, pushedOf, rowsOf } from "./scene.ts";

// What a source evaluates must not lose a row that DuckDB would find. Each condition is evaluated at the source, if it may be,
// and in DuckDB on all rows.

const scene = forFile(async () => {
  const opened = await openScene();
  const { foreign, maria, user, ids, mesh, add } = opened;
  await foreign.sql.unsafe(`
    create collation any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table values_of (id int, i int, b bigint, d numeric(10,2), day date, moment timestamp, zoned timestamptz,
      s text collate any_case, c char(5), f double precision, flag boolean, tiny smallint, free numeric);
    insert into values_of values ${rows("postgresql")}`);
  await opened.warehouse("create index on values_of (i)");
  if (maria) {
    await maria.query(`
      create table shop.values_of (id int, i int, b bigint unsigned, d decimal(10,2), day date, moment datetime(6),
        zoned timestamp(6) null, s varchar(20) collate utf8mb4_general_ci, c char(5), f double, flag tinyint, tiny smallint,
        free varchar(30) character set latin1);
      insert into shop.values_of values ${rows("mysql")}`);
    await user.catalog.discover({ sourceId: ids.shop ?? "" });
  }
  const database = await sqliteBytes(`
    create table values_of (id integer, i integer, b integer, d text, day date, moment timestamp, zoned text,
      s text collate nocase, c text, f real, flag boolean, tiny integer, free text collate rtrim);
    insert into values_of values ${rows("sqlite")}`);
  await add("values", "sqlite", { fileId: mesh.peers.addFile(user.who, "values.sqlite", database) });
  return opened;
});

/** Values beside others of the same text but for its case, its accents and its trailing blanks. */
function rows(connector: "postgresql" | "mysql" | "sqlite"): string {
  const yes = connector === "postgresql" ? "true" : "1";
  const no = connector === "postgresql" ? "false" : "0";
  const zone = connector === "postgresql" ? "+00" : "";
  const line = (id: number, text: string, number: string, day: string, flag: string) =>
    `(${id}, ${number}, ${number}, '${number}.50', '${day}', '${day} 10:00:00.5', '${day} 10:00:00.5${zone}', ${text}, ${text},
      ${number}.25, ${flag}, ${number}, '${number}')`;
  return [
    line(1, "'abc'", "5", "2024-01-31", yes),
    line(2, "'ABC'", "6", "2024-02-01", no),
    line(3, "'abc '", "7", "2024-02-29", yes),
    line(4, "'äbc'", "10", "1999-12-31", no),
    line(5, "''", "0", "2037-01-01", yes),
    line(6, "'z'", "32000", "1970-01-02", no),
    `(7${", null".repeat(12)})`,
  ].join(", ");
}

const conditions = [
  "i = 5",
  "i <> 5",
  "i < 7",
  "i <= 7",
  "i > 6 AND i < 100",
  "i >= 6",
  "i IN (5, 7, 11)",
  "i NOT IN (5, 7)",
  "i BETWEEN 6 AND 10",
  "b >= 7",
  "d = '7.50'",
  "d > '5.50'",
  "day > '2024-01-31'",
  "day = DATE '2024-02-01' - INTERVAL 1 DAY",
  "moment <= TIMESTAMP '2024-02-01 10:00:00.5'",
  "zoned >= '2024-02-01 10:00:00.5+00'",
  "s = 'abc'",
  "s <> 'abc'",
  "s > 'abc'",
  "s IN ('abc', 'z')",
  "s = ''",
  "c = 'abc'",
  "c = 'abc  '",
  "s LIKE 'ab%'",
  "f > 6.25",
  "flag = true",
  "free = '5'",
  "free > '5'",
  "s IS NULL",
  "i IS NOT NULL AND day IS NULL",
  "i IS NULL OR i = 5",
  "i = 5 OR s = 'z'",
  "i IS DISTINCT FROM 5",
  "tiny = 70000",
] as const;

const sources = [
  ["PostgreSQL", "warehouse.public.values_of", true],
  [`MariaDB${mariaDbMissing}`, "shop.shop.values_of", hasMariaDb],
  ["SQLite", '"values".main.values_of', true],
] as const;

/** Conditions in flight: each takes two engine processes after one another. */
const batchSize = 4;

test.each(sources)(
  "OK: conditions have the same rows at the source and in DuckDB: %s",
  async (_, table, runs) => {
    if (!runs) return;
    const { user } = scene();
    const usable = conditions.filter((condition) => isTyped(table, condition));
    const list = usable.map((condition) => `(${condition})`).join(", ");
    const all = (await rowsOf(user, `SELECT id, ${list} FROM ${table} ORDER BY id`)) as unknown[][];
    expect(all).toHaveLength(7);
    const expected = usable.map((condition, index) => [
      condition,
      all.filter((row) => row[index + 1] === true).map(([id]) => id),
    ]);
    const found: unknown[] = [];
    for (let at = 0; at < usable.length; at += batchSize) {
      const batch = usable.slice(at, at + batchSize).map(async (condition) => {
        const ids = await rowsOf(user, `SELECT id FROM ${table} WHERE ${condition} ORDER BY id`);
        return [condition, ids.map((row) => (row as unknown[])[0])];
      });
      found.push(...(await Promise.all(batch)));
    }
    expect(found).toEqual(expected);
  },
);

/** SQLite has no type for these. */
const isTyped = (table: string, condition: string): boolean =>
  !table.startsWith('"values"') || !/^(d|zoned) [=<>]/.test(condition);

test("OK: which conditions the sources evaluate", async () => {
  const { user } = scene();
  const pushed = async (table: string, condition: string) =>
    (await pushedOf(user, `SELECT id FROM ${table} WHERE ${condition}`)).flatMap(({ filters }) => filters);
  const [warehouse, shop, lite] = sources.map(([, table]) => table);
  expect(await pushed(warehouse ?? "", "s = 'abc' AND s > 'a' AND f > 1 AND free = '5'")).toEqual([
    "s = abc",
  ]);
  expect(await pushed(warehouse ?? "", "zoned > '2024-02-01 10:00:00+00' AND d < 5 AND flag")).toContain(
    "zoned > 2024-02-01 10:00:00.000000+00",
  );
  expect(await pushed(lite ?? "", "i > 5 AND day > '2024-01-01' AND c = 'x'")).toEqual(["i > 5", "c = x"]);
  if (!hasMariaDb) return;
  expect(await pushed(shop ?? "", "day IS NULL AND i IS NULL")).toEqual(["i is null"]);
  expect(await pushed(shop ?? "", "b > 18446744073709551614 AND s IN ('a', 'b')")).toEqual([
    "b > 18446744073709551614",
    "s in (a, b)",
  ]);
});

test("SOURCE_DATA_INVALID: a value of another type in SQLite is refused although a condition is evaluated there", async () => {
  const { user, mesh, add } = scene();
  const bytes = await sqliteBytes("create table mixed (n integer); insert into mixed values (1), ('five')");
  await add("mixed", "sqlite", { fileId: mesh.peers.addFile(user.who, "mixed.sqlite", bytes) });
  await expect(rowsOf(user, "SELECT n FROM mixed.mixed WHERE n = 1")).rejects.toThrow(
    /not of the type BIGINT/,
  );
});
