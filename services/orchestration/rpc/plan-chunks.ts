import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { RowSecurity } from "../../../gen/sluice/common/v1/row_security_pb.ts";
import {
  ExtractFormat,
  type ExtractService,
  type ExtractTable,
  PlanChunksResponseSchema,
} from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { Snapshot, SnapshotTable } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { executionTooLarge, sourceNotFound } from "../errors.ts";
import { startWork } from "../executions/start-work.ts";
import { findSource } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import { listSourceTables, type TableRow } from "../table-repository.ts";

/** How long a plan may take, in milliseconds: a file is fetched and read from end to end when it is not known. */
const planTimeoutMs = 10 * 60_000;

export const planChunks =
  (deps: OrchestrationDeps): MethodImpl<typeof ExtractService.method.planChunks> =>
  async ({ sourceId, tables, chunkRows, format }, context) => {
    const scope = scopeOf(context);
    using work = startWork(deps, context, {
      workClass: "jobs",
      subject: "the plan",
      limits: [{ ms: planTimeoutMs, setBy: "server" }],
    });
    const source = await findSource(deps.db, scope, sourceId);
    if (!source) throw sourceNotFound(sourceId);
    const known = await listSourceTables(deps.db, scope, sourceId);
    const rows = findTables(tables, known);
    const request = {
      tables: rows.map((row, index) => selectColumns(row, tables[index]?.columns ?? [], index)),
      chunkRows: Number(chunkRows),
      format: format === ExtractFormat.CSV ? ("csv" as const) : ("parquet" as const),
    };
    using admitted = await work.admit();
    const { snapshotId, snapshot } = await deps.snapshots.open(scope.orgId, async () => {
      const opened = await openSource(deps, source).openSnapshot(request, admitted);
      if (bytesOf(toPlan(rows, opened)) <= planBytesMax) return opened;
      await opened[Symbol.asyncDispose]();
      throw planTooLarge();
    });
    return { snapshotId, ...toPlan(rows, snapshot) };
  };

/** A plan is answered in one message. */
const planBytesMax = 12 * 1024 * 1024;

const bytesOf = (plan: ReturnType<typeof toPlan>): number =>
  toBinary(PlanChunksResponseSchema, create(PlanChunksResponseSchema, plan)).length;

const planTooLarge = () =>
  executionTooLarge(
    `the plan takes more than ${planBytesMax / 1024 ** 2} MiB: name fewer tables or columns, or larger chunks`,
  );

function findTables(wanted: readonly ExtractTable[], known: readonly TableRow[]): TableRow[] {
  const rows = new Map(known.map((row) => [row.tableId, row]));
  return wanted.map(({ tableId }, index) => {
    const field = `tables[${index}].table_id`;
    if (wanted.findIndex((table) => table.tableId === tableId) < index) {
      throw invalidField(field, `the table ${tableId} is named twice`);
    }
    const row = rows.get(tableId);
    if (!row) throw invalidField(field, `the catalog has no table ${tableId} of the source`);
    return row;
  });
}

function selectColumns(row: TableRow, names: readonly string[], index: number): SnapshotTable {
  const known = row.columns.map(({ name }) => name);
  const unknown = names.findIndex((name) => !known.includes(name));
  if (unknown >= 0) {
    const [name, table] = [names[unknown], row.name].map((text) => JSON.stringify(text));
    throw invalidField(`tables[${index}].columns[${unknown}]`, `the table ${table} has no column ${name}`);
  }
  const { schemaName, name, columns } = row;
  return { schemaName, name, columns, wanted: names.length > 0 ? names : known };
}

const rowSecurities = {
  inactive: RowSecurity.INACTIVE,
  active: RowSecurity.ACTIVE,
  unknown: RowSecurity.UNKNOWN,
} as const;

const toRowSecurity = (rowSecurity: keyof typeof rowSecurities | undefined): RowSecurity =>
  rowSecurity === undefined ? RowSecurity.UNSPECIFIED : rowSecurities[rowSecurity];

const toPlan = (rows: readonly TableRow[], { name, repeatable, time, tables, chunks }: Snapshot) => ({
  snapshot: name,
  repeatable,
  snapshotTime: timestampFromDate(time),
  tables: rows.map((row, index) => ({
    tableId: row.tableId,
    schemaName: row.schemaName,
    name: row.name,
    columns: [...(tables[index]?.columns ?? [])],
    rowSecurity: toRowSecurity(tables[index]?.rowSecurity),
  })),
  chunks: chunks.map(({ tableIndex, range, rowCountExpected }) => ({
    tableIndex,
    range,
    rowCountExpected: BigInt(rowCountExpected),
  })),
});
