import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { requestsTable } from "../lib/database/idempotency.ts";
import type { DiscoveredColumn, Settings } from "./connectors/connector.ts";
import { executionStates } from "./state.ts";

export const orchestration = pgSchema("orchestration");

const createTime = timestamp("create_time", { withTimezone: true }).notNull().defaultNow();
const updateTime = timestamp("update_time", { withTimezone: true }).notNull().defaultNow();

export const sources = orchestration.table(
  "sources",
  {
    sourceId: uuid("source_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    displayName: text("display_name").notNull(),
    connector: text("connector").notNull(),
    settings: jsonb("settings").$type<Settings>().notNull(),
    revision: integer("revision").notNull().default(1),
    createTime,
    updateTime,
  },
  (table) => [
    unique("sources_display_name").on(table.orgId, table.displayName),
    index("sources_org").on(table.orgId, table.sourceId),
    check("sources_display_name_length", sql`char_length(${table.displayName}) between 1 and 200`),
    check("sources_revision", sql`${table.revision} >= 1`),
  ],
);

export const tables = orchestration.table(
  "tables",
  {
    tableId: uuid("table_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.sourceId, { onDelete: "cascade" }),
    schemaName: text("schema_name").notNull(),
    name: text("name").notNull(),
    columns: jsonb("columns").$type<readonly DiscoveredColumn[]>().notNull(),
    rowCount: bigint("row_count", { mode: "bigint" }),
    createTime,
    updateTime,
  },
  (table) => [
    unique("tables_name").on(table.sourceId, table.schemaName, table.name),
    index("tables_org").on(table.orgId, table.tableId),
    check("tables_row_count", sql`${table.rowCount} >= 0`),
  ],
);

export const executionState = orchestration.enum("execution_state", executionStates);

export const executions = orchestration.table(
  "executions",
  {
    executionId: uuid("execution_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    // No foreign key: the row outlives its source.
    sourceId: uuid("source_id").notNull(),
    sql: text("sql").notNull(),
    state: executionState("state").notNull().default("running"),
    errorMessage: text("error_message").notNull().default(""),
    rowCount: bigint("row_count", { mode: "bigint" }).notNull().default(sql`0`),
    truncated: boolean("truncated").notNull().default(false),
    creatorUserId: uuid("creator_user_id").notNull(),
    // The process that runs the execution. When its liveness lock is free, the execution is over.
    processId: uuid("process_id").notNull(),
    createTime,
    endTime: timestamp("end_time", { withTimezone: true }),
  },
  (table) => [
    index("executions_org").on(table.orgId, table.executionId),
    index("executions_running").on(table.processId).where(sql`${table.state} = 'running'`),
    check("executions_end_time", sql`(${table.state} = 'running') = (${table.endTime} is null)`),
    check(
      "executions_error_message",
      sql`(${table.state} in ('failed', 'cancelled')) = (${table.errorMessage} <> '')`,
    ),
    check(
      "executions_result",
      sql`${table.state} = 'succeeded' or (${table.rowCount} = 0 and not ${table.truncated})`,
    ),
  ],
);

export const requests = requestsTable(orchestration);
