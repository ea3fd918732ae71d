import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import {
  ExtractFormat,
  type PlanChunksResponse,
  type PlannedChunk,
} from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { extractChunk, plan, readParquet, tablesOf } from "./extracts.ts";
import {
  createSource,
  eventually,
  failureOf,
  type Orchestration,
  query,
  type User,
} from "./orchestration.ts";
import { linesOf, stream } from "./result-streams.ts";

/** A row of the table `orders`, which every source of the suite has. */
export type Order = { readonly id: number; readonly label: string | null; readonly amount: number | null };

/** Texts that an encoding on the way may take for something else. */
const labels = [
  null,
  "",
  "\\N",
  '"quoted"',
  "a, b",
  "line\nbreak",
  "\r\n",
  " blank ",
  "mark\ufeff",
  "żółw 🐢",
  "NULL",
  "'--",
];

/** Ids from 1, without gaps. */
export const orders: readonly Order[] = Array.from({ length: 2500 }, (_, index) => ({
  id: index + 1,
  label: labels[index % labels.length] ?? null,
  amount: index % 7 === 0 ? null : (index - 100) / 8,
}));

/** A source with the table, in a running service. */
export type SourceUnderTest = AsyncDisposable & {
  readonly mesh: Orchestration;
  readonly user: User;
  readonly connector: string;
  readonly settings: JsonObject;
  /** Settings of a source that can't be reached or read, and what that is called. */
  readonly unreachable: { readonly settings: JsonObject; readonly reason: string };
  /** Schema of the table; empty if there are none. */
  readonly schemaName: string;
  /** A statement without an end. */
  readonly endless: string;
  /** Rows of a chunk that cut the table into several. */
  readonly chunkRows: bigint;
  /** Adds a row to the table; undefined where a source never changes. */
  readonly addRow?: () => Promise<void>;
  /** Adds a column to the table. */
  readonly alter?: () => Promise<void>;
};

const byId = <T extends { id: unknown }>(rows: readonly T[]): T[] =>
  rows.toSorted((left, right) => Number(left.id) - Number(right.id));

/** Integers of 64 bits are BigInt in Parquet and text in JSON. */
const toOrder = ({ id, label, amount }: Record<string, unknown>): Order => ({
  id: Number(id),
  label: (label ?? null) as string | null,
  amount: amount === null || amount === undefined ? null : Number(amount),
});

/** What every connector has to do, through the service. */
export function connectorSuite(name: string, open: () => Promise<SourceUnderTest>): void {
  describe(name, () => {
    let under: SourceUnderTest;
    let sourceId: string;
    let tableId: string;
    let snapshotIds: string[] = [];
    beforeAll(async () => {
      under = await open();
      sourceId = await createSource(under.user, under.connector, under.settings);
      tableId = (await tablesOf(under.user, sourceId)).orders ?? "";
    });
    afterAll(() => under[Symbol.asyncDispose]());
    // An open snapshot keeps its tables from being altered until its lease ends, after a minute.
    afterEach(async () => {
      const close = (snapshotId: string) => under.user.extracts.closeSnapshot({ snapshotId });
      await Promise.all(snapshotIds.map(close));
      snapshotIds = [];
    });

    const testConnection = (settings: JsonObject) =>
      under.user.connectors.testConnection({ connector: under.connector, settings });
    const planOrders = async (overrides: Parameters<typeof plan>[3] = {}) => {
      const planned = await plan(under.user, sourceId, [tableId], {
        chunkRows: under.chunkRows,
        ...overrides,
      });
      snapshotIds.push(planned.snapshotId);
      return planned;
    };
    const rowsOf = async (planned: PlanChunksResponse, chunk: PlannedChunk): Promise<Order[]> => {
      const { bytes, summary } = await extractChunk(under.user, planned, chunk);
      const rows = await readParquet(bytes);
      expect(summary.rowCount).toBe(BigInt(rows.length));
      return rows.map(toOrder);
    };
    const allRowsOf = async (planned: PlanChunksResponse): Promise<Order[]> =>
      byId((await Promise.all(planned.chunks.map((chunk) => rowsOf(planned, chunk)))).flat());

    test("describe: it is listed with the schema of its settings", async () => {
      const { connector } = await under.user.connectors.getConnector({ connector: under.connector });
      expect(connector).toMatchObject({ name: under.connector, description: expect.stringMatching(/^A /) });
      expect(connector?.settingsSchema).toMatchObject({ type: "object", additionalProperties: false });
    });

    test("InvalidArgument SETTINGS_INVALID: settings that there are not, and credentials", async () => {
      for (const wrong of [{ nothing: 1 }, { password: "x" }]) {
        const failure = await failureOf(testConnection({ ...under.settings, ...wrong }));
        expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "SETTINGS_INVALID" });
      }
    });

    test("test: what can be reached, and what can't", async () => {
      expect(await testConnection(under.settings)).toMatchObject({ connected: true, reason: "" });
      const { settings, reason } = under.unreachable;
      expect(await testConnection(settings)).toMatchObject({
        connected: false,
        reason: expect.stringContaining(reason),
      });
    });

    test("discover: the table, and its columns in their order", async () => {
      const { tables } = await under.user.catalog.listTables({ sourceId });
      const [table] = tables.filter((found) => found.name === "orders");
      expect(table?.schemaName).toBe(under.schemaName);
      expect(table?.columns.map((column) => column.name)).toEqual(["id", "label", "amount"]);
    });

    test("query: rows with their values, and whether there are more", async () => {
      const sql = "select id, label, amount from orders order by id";
      const { columns, rows, truncated } = await query(under.user, sourceId, sql, { maxRows: 50 });
      expect(columns.map((column) => column.split(" ")[0])).toEqual(["id", "label", "amount"]);
      const found = rows.map((row) => (row as unknown[]).map((value) => value));
      expect(found.map(([id, label, amount]) => toOrder({ id, label, amount }))).toEqual(orders.slice(0, 50));
      expect(truncated).toBe(true);
      const all = await query(under.user, sourceId, sql, { maxRows: 5000 });
      expect([all.rows.length, all.truncated]).toEqual([orders.length, false]);
    });

    test.each([
      ["SQL_INVALID", "selec 1"],
      ["SQL_INVALID", "select nothing from orders"],
      ["STATEMENT_REFUSED", "delete from orders"],
      ["STATEMENT_REFUSED", "select 1; select 2"],
    ])("InvalidArgument %s: %s, answered or written", async (reason, sql) => {
      const refused = { code: Code.InvalidArgument, reason };
      expect(await failureOf(query(under.user, sourceId, sql))).toMatchObject(refused);
      const streamed = stream(under.user, sourceId, sql, ResultFormat.NDJSON);
      expect(await failureOf(streamed)).toMatchObject(refused);
      expect((await query(under.user, sourceId, "select count(*) from orders")).rows).toHaveLength(1);
    });

    test("DeadlineExceeded: a statement without an end, and the source goes on", async () => {
      const request = { sourceId, sql: under.endless, timeout: { seconds: 1n } };
      expect(await failureOf(under.user.executions.executeQuery(request))).toMatchObject({
        code: Code.DeadlineExceeded,
      });
      // A process that does not respond to the cancellation is killed, and another one takes its place.
      const rowCount = () =>
        query(under.user, sourceId, "select count(*) from orders").then(
          ({ rows }) => rows.length,
          () => 0,
        );
      await eventually(rowCount).toBe(1);
    });

    test("preview: the first rows", async () => {
      const table =
        under.schemaName === "" ? {} : { table: { schemaName: under.schemaName, name: "orders" } };
      const { preview } = await under.user.sources.previewSource({
        connector: under.connector,
        settings: under.settings,
        maxRows: 3,
        ...table,
      });
      expect(preview).toMatchObject({ readable: true, truncated: true });
      expect(preview?.rows).toHaveLength(3);
    });

    test.each([
      ["all", undefined, orders],
      ["some", 7, orders.slice(0, 7)],
    ])("write: %s rows of a statement, each value as it is", async (_, maxRows, expected) => {
      const sql = "select * from orders order by id";
      const options = maxRows === undefined ? {} : { maxRows };
      const lines = linesOf(await stream(under.user, sourceId, sql, ResultFormat.NDJSON, options));
      expect(lines.map(toOrder)).toEqual(expected);
    });

    test("read: the chunks of a plan are disjoint and have all rows, whatever runs beside", async () => {
      const planned = await planOrders();
      expect(planned.chunks.length).toBeGreaterThan(1);
      expect(new Set(planned.chunks.map(({ range }) => range)).size).toBe(planned.chunks.length);
      expect(await allRowsOf(planned)).toEqual(orders);
      // Once more, in another order.
      const [first] = planned.chunks;
      expect(await allRowsOf({ ...planned, chunks: first ? [first] : [] })).not.toHaveLength(0);
    });

    test("read: wanted columns in their order, and a table at once", async () => {
      const planned = await planOrders({
        chunkRows: 1_000_000n,
        tables: [{ tableId, columns: ["amount", "id"] }],
      });
      expect(planned.tables[0]?.columns.map((column) => column.sourceName)).toEqual(["amount", "id"]);
      expect(planned.chunks).toHaveLength(1);
      const [chunk] = planned.chunks;
      const { bytes } = await extractChunk(under.user, planned, chunk ?? { tableIndex: 0, range: "" });
      const rows = await readParquet(bytes);
      expect(Object.keys(rows[0] ?? {})).toEqual(["amount", "id"]);
      expect(rows).toHaveLength(orders.length);
    });

    test("read: as CSV", async () => {
      const planned = await planOrders({ format: ExtractFormat.CSV });
      const texts = await Promise.all(
        planned.chunks.map(async (chunk) =>
          (await extractChunk(under.user, planned, chunk)).bytes.toString(),
        ),
      );
      expect(texts.every((text) => text.startsWith("id,label,amount\n"))).toBe(true);
    });

    test("InvalidArgument: a chunk that the plan does not have", async () => {
      const planned = await planOrders();
      const chunk = extractChunk(under.user, planned, {
        tableIndex: 0,
        range: "pages 7-8; drop table orders",
      });
      expect(await failureOf(chunk)).toMatchObject({ code: Code.InvalidArgument });
    });

    test("read: a snapshot does not see rows that came later", async ({ skip }) => {
      if (!under.addRow) skip("the source never changes");
      const planned = await planOrders();
      await under.addRow?.();
      expect(await allRowsOf(planned)).toEqual(orders);
      expect(await allRowsOf(await planOrders())).toHaveLength(orders.length + 1);
    });

    test("Unavailable SNAPSHOT_GONE: a chunk of a snapshot that was released", async () => {
      const planned = await planOrders();
      const { snapshotId } = planned;
      await under.user.extracts.closeSnapshot({ snapshotId });
      const [chunk] = planned.chunks;
      const failure = await failureOf(
        extractChunk(under.user, planned, chunk ?? { tableIndex: 0, range: "" }),
      );
      expect(failure.reason).toBe("SNAPSHOT_GONE");
    });

    // The last one: the table is another one after it.
    test("FailedPrecondition SOURCE_CHANGED: a table that is not as the catalog has it", async ({ skip }) => {
      if (!under.alter) skip("the source never changes");
      await under.alter?.();
      expect(await failureOf(planOrders())).toMatchObject({ reason: "SOURCE_CHANGED" });
    });
  });
}
