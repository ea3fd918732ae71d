import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CostClass, QueryEngine } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { openScene } from "./federation/scene.ts";
import { failureOf } from "./orchestration.ts";

const scene = forFile(openScene);
const user = forFile(() => scene().user);
const tableId = async (sourceName: string, name: string) => {
  const { tables } = await user().catalog.listTables({ sourceId: scene().ids[sourceName] ?? "" });
  return tables.find((table) => table.name === name)?.tableId;
};

test("OK: what runs where, what is moved, and where the columns come from", async () => {
  await scene().foreign.sql.unsafe("analyze orders");
  const sql = `SELECT r.region, sum(o.amount) AS amount FROM warehouse.public.orders o
    JOIN regions.regions r ON r.id = o.customer_id WHERE o.id < 500 GROUP BY 1`;
  const { scans, lineage, columns, ...plan } = await user().executions.planQuery({ sql });
  const { warehouse = "", regions = "" } = scene().ids;
  expect(plan).toMatchObject({
    engine: QueryEngine.DUCKDB,
    costClass: CostClass.SMALL,
    movedRowsEstimate: 500n,
    movedBytesEstimate: 10_000n,
  });
  expect(columns).toMatchObject([
    { name: "region", dataType: "VARCHAR" },
    { name: "amount", dataType: "DECIMAL(38,2)" },
  ]);
  const orders = await tableId("warehouse", "orders");
  const regionsTable = await tableId("regions", "regions");
  expect(scans).toMatchObject([
    {
      sourceId: warehouse,
      sourceName: "warehouse",
      connector: "postgresql",
      tableId: orders,
      schemaName: "public",
      tableName: "orders",
      columns: ["id", "customer_id", "amount"],
      filters: ["id < 500"],
      statement:
        'select "id" as sluice_first, "customer_id", "amount" from "public"."orders" ' +
        `where (("id" < current_setting('sluice.p0')::int8))`,
      parameters: ["500"],
      moved: true,
      rowsEstimate: 500n,
      bytesEstimate: 10_000n,
    },
    {
      sourceId: regions,
      connector: "file",
      tableId: regionsTable,
      columns: ["id", "region"],
      filters: [],
      statement: "",
      moved: false,
      rowsEstimate: 3n,
    },
  ]);
  const origins = lineage.map(({ $typeName, ...origin }) => origin);
  expect(origins).toContainEqual({
    column: "amount",
    tableId: orders,
    tableColumn: "amount",
    transformation: "AGGREGATION",
  });
  expect(origins).toContainEqual({
    column: "",
    tableId: regionsTable,
    tableColumn: "id",
    transformation: "JOIN",
  });
});

test("OK: a statement on one file, which names its table alone", async () => {
  const sourceId = scene().ids.regions ?? "";
  const { scans, ...plan } = await user().executions.planQuery({
    sourceId,
    sql: "SELECT region FROM regions",
  });
  expect(plan).toMatchObject({
    engine: QueryEngine.DUCKDB,
    costClass: CostClass.SMALL,
    movedRowsEstimate: 0n,
    movedBytesEstimate: 0n,
  });
  expect(scans).toMatchObject([{ sourceId, tableName: "regions", columns: ["region"], moved: false }]);
});

test("OK: a statement that its database runs as a whole", async () => {
  const sourceId = scene().ids.warehouse ?? "";
  const sql = "select sum(amount) as total from orders";
  const { scans, lineage, ...plan } = await user().executions.planQuery({ sourceId, sql });
  expect(plan).toMatchObject({ engine: QueryEngine.SOURCE, costClass: CostClass.UNKNOWN, columns: [] });
  expect(scans).toMatchObject([
    { sourceId, connector: "postgresql", tableId: "", statement: sql, moved: false },
  ]);
  expect(lineage).toMatchObject([{ column: "total", tableColumn: "amount", transformation: "AGGREGATION" }]);
});

test("OK: nothing is recorded, and no row is read", async () => {
  const before = await user().executions.listExecutions({ pageSize: 1000 });
  await scene().warehouse("create table if not exists locked (id int)");
  await scene().foreign.sql.unsafe(
    "create or replace view failing as select 1 / (id - id) as one from orders",
  );
  await scene().warehouse("grant select on failing to public");
  const { scans } = await user().executions.planQuery({ sql: "SELECT one FROM warehouse.public.failing" });
  expect(scans).toMatchObject([{ tableName: "failing", columns: ["one"] }]);
  const after = await user().executions.listExecutions({ pageSize: 1000 });
  expect(after.executions.length).toBe(before.executions.length);
});

test("NotFound: an unknown source", async () => {
  const call = user().executions.planQuery({ sourceId: randomUUID(), sql: "SELECT 1" });
  expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
});

test("InvalidArgument: a statement that is wrong, one that is refused, and an unknown table", async () => {
  const reasonOf = async (sql: string) => (await failureOf(user().executions.planQuery({ sql }))).reason;
  expect(await reasonOf("SELECT nothing FROM regions.regions")).toBe("SQL_INVALID");
  expect(await reasonOf("COPY regions.regions TO 'x'")).toBe("STATEMENT_REFUSED");
  expect(await reasonOf("FROM nowhere.nothing")).toBe("TABLE_NAME_INVALID");
});

test("FailedPrecondition: a table that lost a column since it was discovered", async () => {
  await scene().warehouse("create table shrinking (id int, gone int)");
  await scene().foreign.sql.unsafe("alter table shrinking drop column gone");
  const call = user().executions.planQuery({ sql: "SELECT id FROM warehouse.public.shrinking" });
  expect(await failureOf(call)).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_CHANGED" });
});

test("Unavailable: a source that can't be reached", async () => {
  const { source } = await user().sources.createSource({
    source: {
      displayName: "gone",
      connector: "postgresql",
      settings: { ...scene().foreign.settings, database: "nothing" },
    },
  });
  await scene().mesh.database.sql`
    insert into orchestration.tables (table_id, org_id, namespace, source_id, schema_name, name, columns)
    values (${randomUUID()}, ${user().who.orgId}, 'default', ${source?.sourceId ?? ""}, 'public', 't',
      ${JSON.stringify([{ name: "id", dataType: "integer", nullable: true }])}::text::jsonb)`;
  const failure = await failureOf(user().executions.planQuery({ sql: "FROM gone.public.t" }));
  expect(["SOURCE_UNREACHABLE", "SOURCE_DATA_INVALID"]).toContain(failure.reason);
});
