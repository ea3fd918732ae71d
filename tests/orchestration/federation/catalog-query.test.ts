import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb, mariaDbMissing } from "../../lib/mariadb-server.ts";
import { failureOf } from "../orchestration.ts";
import { openScene, pushedOf, rowsOf } from "./scene.ts";

const scene = forFile(openScene);
const user = forFile(() => scene().user);

test("OK: a join of a database and a file", async () => {
  const sql = `SELECT r.region, count(*) AS orders, sum(o.amount) AS amount
    FROM warehouse.public.orders o JOIN regions.regions r ON o.customer_id % 3 = r.id
    WHERE o.day < DATE '2024-01-11' GROUP BY 1 ORDER BY 1`;
  expect(await rowsOf(user(), sql)).toEqual([
    ["east", "30", "13657.50"],
    ["north", "40", "18190.00"],
    ["south", "30", "13627.50"],
  ]);
});

test.skipIf(!hasMariaDb)(`OK: a join of sources of every kind${mariaDbMissing}`, async () => {
  const sql = `SELECT c.name, r.region, t.stars, count(*) AS orders
    FROM warehouse.public.orders o
    JOIN shop.shop.customers c ON c.id = o.customer_id
    JOIN regions.regions r ON r.id = c.region
    JOIN lite.ratings t ON t.customer_id = c.id
    WHERE t.stars >= 5 AND o.id < 500 GROUP BY ALL ORDER BY ALL`;
  expect(await rowsOf(user(), sql)).toEqual([
    ["Customer 1", "south", "5", "50"],
    ["Customer 4", "south", "5", "50"],
  ]);
});

test("OK: only needed columns, and conditions that compare alike, are read of a database", async () => {
  const orders = "warehouse.public.orders";
  expect(
    await pushedOf(user(), `SELECT id FROM ${orders} WHERE amount >= 5.5 AND day = '2024-01-02'`),
  ).toEqual([
    {
      tableName: "orders",
      columns: ["id", "amount", "day"],
      filters: ["amount >= 5.50", "day = 2024-01-02"],
    },
  ]);
  expect(await pushedOf(user(), `SELECT count(*) FROM ${orders}`)).toEqual([
    { tableName: "orders", columns: ["id"], filters: [] },
  ]);
  // Only the equality of texts is the same by every collation.
  expect(await pushedOf(user(), `SELECT id FROM ${orders} WHERE note = 'note 1' AND note > 'a'`)).toEqual([
    { tableName: "orders", columns: ["id", "note"], filters: ["note = note 1"] },
  ]);
  expect(await pushedOf(user(), `SELECT id FROM ${orders} WHERE id IN (3, 1, 9) AND note IS NULL`)).toEqual([
    { tableName: "orders", columns: ["id", "note"], filters: ["id in (1, 3, 9)", "note is null"] },
  ]);
});

test("OK: two references to a table read the rows of both", async () => {
  const sql = `SELECT a.id, b.id FROM warehouse.public.orders a, warehouse.public.orders b
    WHERE a.id = 3 AND b.id = 4`;
  expect(await pushedOf(user(), sql)).toEqual([
    { tableName: "orders", columns: ["id"], filters: ["id = 3 or id = 4"] },
  ]);
  expect(await rowsOf(user(), sql)).toEqual([[3, 4]]);
});

test("OK: a limit is read of a database if all conditions are", async () => {
  const orders = "warehouse.public.orders";
  const limits = async (sql: string, options = {}) =>
    (await pushedOf(user(), sql, options)).map(({ limit }) => limit);
  expect(await limits(`SELECT id FROM ${orders} WHERE id > 5 LIMIT 7 OFFSET 2`)).toEqual([9]);
  expect(await limits(`SELECT id FROM ${orders}`, { maxRows: 20 })).toEqual([21]);
  expect(await limits(`SELECT id FROM ${orders} WHERE note LIKE '%1' LIMIT 7`)).toEqual([undefined]);
  expect(await limits(`SELECT id FROM ${orders} WHERE note = 'note 1' LIMIT 7`)).toEqual([undefined]);
  expect(await limits(`SELECT id FROM ${orders} ORDER BY id LIMIT 7`)).toEqual([undefined]);
  expect(await rowsOf(user(), `SELECT id FROM ${orders} WHERE note LIKE '%1' LIMIT 3`)).toHaveLength(3);
  const { truncated, rows } = await user().executions.executeQuery({ sql: `FROM ${orders}`, maxRows: 20 });
  expect([rows.length, truncated]).toEqual([20, true]);
});

test("OK: names with quotes, dots, spaces and emoji", async () => {
  await scene().addFile('A "file". 🎉', 'odd "name". 🎉.csv', "n\n1\n");
  const sql = `SELECT o.id, o."a.b", f.n FROM warehouse.public."Odd ""name"". 🎉" o
    JOIN "A ""file"". 🎉"."odd ""name"". 🎉" f ON f.n = o.id`;
  expect(await rowsOf(user(), sql)).toEqual([[1, "one", "1"]]);
  // The source can be named by its id, too.
  const { warehouse } = scene().ids;
  expect(await rowsOf(user(), `SELECT count(*) FROM "${warehouse}".public.orders`)).toEqual([["1000"]]);
});

test("OK: two sources with tables of one name", async () => {
  await scene().addFile("other", "orders.csv", "id\n1\n2\n");
  const sql = `SELECT count(*), max(mine.id) FROM warehouse.orders JOIN other.orders mine ON mine.id = warehouse.orders.id`;
  expect(await rowsOf(user(), sql)).toEqual([["2", "2"]]);
});

test("InvalidArgument: names that mean no table or several, with what the caller may see alone", async () => {
  await scene().warehouse(
    "create schema if not exists later; create table if not exists later.orders (id int); grant usage on schema later to public; grant select on later.orders to public",
  );
  const failed = (sql: string) => failureOf(user().executions.executeQuery({ sql }));
  expect(await failed("FROM warehouse.orders")).toEqual({
    code: Code.InvalidArgument,
    reason: "TABLE_NAME_INVALID",
    fields: [],
    message:
      "the table warehouse.orders is ambiguous: did you mean warehouse.later.orders, warehouse.public.orders",
  });
  expect((await failed(`FROM warehouse.public."order"`)).message).toBe(
    "the table warehouse.public.order is not in the catalog: did you mean warehouse.later.orders, warehouse.public.orders",
  );
  expect((await failed("FROM regions")).message).toBe(
    "the table regions has no source: name it as source.schema.table: did you mean regions.regions",
  );
  const stranger = scene().mesh.user();
  const theirs = await failureOf(stranger.executions.executeQuery({ sql: "FROM regions.regions" }));
  expect(theirs).toMatchObject({
    reason: "TABLE_NAME_INVALID",
    message: "the table regions.regions is not in the catalog",
  });
});

test("InvalidArgument: a statement that is refused, one that is wrong, and a namespace beside a source", async () => {
  const reasonOf = async (request: { sql: string; sourceId?: string; namespace?: string }) => {
    const { reason, fields } = await failureOf(user().executions.executeQuery(request));
    return reason ?? fields;
  };
  expect(await reasonOf({ sql: "SELECT nothing FROM regions.regions" })).toBe("SQL_INVALID");
  expect(await reasonOf({ sql: "FROM read_csv('/etc/passwd')" })).toBe("STATEMENT_REFUSED");
  expect(await reasonOf({ sql: "DROP TABLE regions.regions" })).toBe("STATEMENT_REFUSED");
  expect(await reasonOf({ sql: "DESCRIBE regions.regions" })).toBe("STATEMENT_REFUSED");
  expect(await reasonOf({ sql: "FROM memory.main.sluice_table_0, regions.regions" })).toBe(
    "TABLE_NAME_INVALID",
  );
  expect(await reasonOf({ sql: "FROM sluice_table_0" })).toBe("TABLE_NAME_INVALID");
  const { warehouse } = scene().ids;
  expect(await reasonOf({ sql: "SELECT 1", sourceId: warehouse ?? "", namespace: "default" })).toEqual([
    "namespace",
  ]);
});

test("NotFound: a namespace that the caller has no access to, and a source of one by its id", async () => {
  const { orgId } = user().who;
  const guest = scene().mesh.user({ orgId, roles: [], grants: [{ namespace: "lab", roles: ["editor"] }] });
  const failed = (sql: string, namespace: string) =>
    failureOf(guest.executions.executeQuery({ sql, namespace }));
  expect((await failed("SELECT 1", "")).code).toBe(Code.NotFound);
  expect((await failed("SELECT 1", "default")).code).toBe(Code.NotFound);
  expect(await failed("FROM regions.regions", "lab")).toMatchObject({
    reason: "TABLE_NAME_INVALID",
    message: "the table regions.regions is not in the catalog",
  });
  const { regions } = scene().ids;
  expect((await failed(`FROM "${regions}".regions`, "lab")).reason).toBe("TABLE_NAME_INVALID");
});

test("PermissionDenied: a user without a role", async () => {
  const other = scene().mesh.user({ orgId: user().who.orgId, roles: [] });
  const call = other.executions.executeQuery({ sql: "FROM regions.regions" });
  expect((await failureOf(call)).code).toBe(Code.PermissionDenied);
});

test("OK: the record names the sources, and lists of each have it", async () => {
  const sql = "SELECT count(*) FROM warehouse.public.orders, regions.regions";
  const { executionId } = await user().executions.executeQuery({ sql });
  const { warehouse = "", regions = "", lite = "" } = scene().ids;
  const { execution } = await user().executions.getExecution({ executionId });
  expect(execution).toMatchObject({ sourceId: "", namespace: "default", sql, rowCount: 1n });
  expect(execution?.sourceIds.toSorted()).toEqual([warehouse, regions].toSorted());
  const listed = async (sourceId: string) =>
    (await user().executions.listExecutions({ sourceId, pageSize: 1000 })).executions.some(
      (one) => one.executionId === executionId,
    );
  expect(await Promise.all([warehouse, regions, lite].map(listed))).toEqual([true, true, false]);
});
