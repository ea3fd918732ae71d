import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import type { RowSecurity } from "../../gen/sluice/common/v1/row_security_pb.ts";
import { requestsTable } from "../lib/database/idempotency.ts";
import { closedNamespacesTable } from "../lib/database/namespace-gate.ts";
import { ownerColumns } from "../lib/database/scope.ts";
import { unsetIsLate } from "../lib/list/list-index.ts";
import { endStates, states } from "./state.ts";

export const staging = pgSchema("staging");

export const requests = requestsTable(staging);

export const closedNamespaces = closedNamespacesTable(staging);

/** A table, or some of its columns, as the caller selected it. */
export type Selection = { schemaName: string; name: string; columns: string[] };
/** A selected table by its catalog id. No columns means all. */
export type Target = { tableId: string; columns: string[] };
export type PlannedColumn = {
  name: string;
  sourceName: string;
  sourceType: string;
  dataType: string;
  nullable: boolean;
};
/** A table of the plan. */
export type PlannedTable = {
  tableId: string;
  schemaName: string;
  name: string;
  columns: PlannedColumn[];
  /** Enum number of the contract; missing in plans of earlier versions. */
  rowSecurity?: RowSecurity;
};
/** Statistics of a column of a chunk. */
export type ColumnStats = { name: string; nullCount: string; min?: string; max?: string };

export const formats = ["parquet", "csv"] as const;

const moment = (name: string) => timestamp(name, { withTimezone: true });
const count = (name: string) => bigint(name, { mode: "bigint" }).notNull().default(sql`0`);
const quoted = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(", "));

export const jobs = staging.table(
  "jobs",
  {
    jobId: uuid("job_id").primaryKey(),
    ...ownerColumns(),
    sourceId: uuid("source_id").notNull(),
    tables: jsonb("tables").$type<string[]>().notNull(),
    selections: jsonb("selections").$type<Selection[]>().notNull(),
    targets: jsonb("targets").$type<Target[]>().notNull(),
    format: text("format", { enum: formats }).notNull(),
    chunkRows: bigint("chunk_rows", { mode: "bigint" }).notNull(),
    state: text("state", { enum: states }).notNull().default("queued"),
    errorMessage: text("error_message").notNull().default(""),
    // A run begins when the job is created or resumed. Each claim by a worker is an attempt; its number is the fencing
    // token of all its writes.
    run: integer("run").notNull().default(1),
    attempt: integer("attempt").notNull().default(0),
    // Failed attempts since the last stored chunk, and plans since the run began.
    failureCount: integer("failure_count").notNull().default(0),
    planCount: integer("plan_count").notNull().default(0),
    snapshotId: uuid("snapshot_id"),
    snapshot: text("snapshot"),
    snapshotRepeatable: boolean("snapshot_repeatable").notNull().default(false),
    snapshotTime: moment("snapshot_time"),
    plannedTables: jsonb("planned_tables").$type<PlannedTable[]>(),
    rowCount: count("row_count"),
    rowCountExpected: count("row_count_expected"),
    sizeBytes: count("size_bytes"),
    chunkCount: integer("chunk_count").notNull().default(0),
    chunkCountPlanned: integer("chunk_count_planned").notNull().default(0),
    manifestFileId: uuid("manifest_file_id"),
    manifestSha256: text("manifest_sha256"),
    creatorUserId: uuid("creator_user_id").notNull(),
    apiKeyId: uuid("api_key_id"),
    createTime: moment("create_time").notNull().defaultNow(),
    updateTime: moment("update_time").notNull().defaultNow(),
    endTime: moment("end_time"),
    expireTime: moment("expire_time"),
    expired: boolean("expired").notNull().default(false),
    // Whether the chunks belong to a package; they do not expire then.
    kept: boolean("kept").notNull().default(false),
    // Increases with every change. Watchers compare it.
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    index("jobs_create_time").on(table.orgId, table.createTime, table.jobId),
    index("jobs_namespace").on(table.orgId, table.namespace, table.createTime, table.jobId),
    index("jobs_end_time").on(table.orgId, unsetIsLate(table.endTime), table.jobId),
    index("jobs_state").on(table.orgId, table.state, table.createTime, table.jobId),
    index("jobs_source").on(table.orgId, table.sourceId, table.createTime, table.jobId),
    index("jobs_expiry").on(table.expireTime).where(sql`not expired`),
    unique("jobs_org").on(table.jobId, table.orgId),
    check("jobs_state_known", sql`${table.state} in (${quoted(states)})`),
    check("jobs_format_known", sql`${table.format} in (${quoted(formats)})`),
    check("jobs_ended", sql`(${table.state} in (${quoted(endStates)})) = (${table.endTime} is not null)`),
    check("jobs_error", sql`(${table.state} = 'failed') = (${table.errorMessage} <> '')`),
    check(
      "jobs_success",
      sql`(${table.state} = 'succeeded') = (${table.manifestSha256} is not null) and num_nulls(${table.manifestSha256}, ${table.manifestFileId}) in (0, 2)`,
    ),
    check(
      "jobs_expire_time",
      sql`(${table.expireTime} is not null) = (${table.state} = 'succeeded' and not ${table.kept})`,
    ),
    check("jobs_kept", sql`not (${table.kept} and ${table.expired})`),
    check(
      "jobs_whole",
      sql`${table.state} <> 'succeeded' or ${table.chunkCount} = ${table.chunkCountPlanned}`,
    ),
    check("jobs_progress", sql`${table.chunkCount} between 0 and ${table.chunkCountPlanned}`),
    check("jobs_plan", sql`${table.chunkCountPlanned} = 0 or ${table.plannedTables} is not null`),
    check("jobs_counts", sql`least(${table.rowCount}, ${table.rowCountExpected}, ${table.sizeBytes}) >= 0`),
  ],
);

export const chunks = staging.table(
  "chunks",
  {
    jobId: uuid("job_id").notNull(),
    chunkIndex: integer("chunk_index").notNull(),
    orgId: uuid("org_id").notNull(),
    tableIndex: integer("table_index").notNull(),
    range: text("range").notNull(),
    rowCountExpected: count("row_count_expected"),
    // Null until the chunk is stored.
    attempt: integer("attempt"),
    fileId: uuid("file_id"),
    rowCount: bigint("row_count", { mode: "bigint" }),
    sizeBytes: bigint("size_bytes", { mode: "bigint" }),
    sha256: text("sha256"),
    columns: jsonb("columns").$type<ColumnStats[]>(),
    createTime: moment("create_time"),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.chunkIndex] }),
    foreignKey({
      name: "chunks_job",
      columns: [table.jobId, table.orgId],
      foreignColumns: [jobs.jobId, jobs.orgId],
    }).onDelete("cascade"),
    unique("chunks_file").on(table.fileId),
    check(
      "chunks_stored",
      sql`num_nulls(${table.attempt}, ${table.fileId}, ${table.rowCount}, ${table.sizeBytes}, ${table.sha256}, ${table.columns}, ${table.createTime}) in (0, 7)`,
    ),
    check("chunks_counts", sql`${table.rowCount} >= 0 and ${table.sizeBytes} >= 0`),
    check("chunks_sha256", sql`${table.sha256} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** Attempts whose files can be in storage. Rows are kept after the job's removal, until the files are removed. */
export const uploads = staging.table(
  "uploads",
  {
    orgId: uuid("org_id").notNull(),
    jobId: uuid("job_id").notNull(),
    attempt: integer("attempt").notNull(),
    /** Increases whenever the attempt may have stored a file. */
    revision: integer("revision").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.attempt] })],
);
