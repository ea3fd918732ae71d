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
import { closedNamespacesTable } from "../lib/database/namespace-gate.ts";
import { ownerColumns } from "../lib/database/scope.ts";
import { byCodePoints, trigrams, unsetIsLate } from "../lib/list/list-index.ts";
import type { ColumnAnnotations } from "./annotations.ts";
import type { DiscoveredColumn, ForeignKey, Settings } from "./connectors/connector.ts";
import { executionStates } from "./state.ts";

export const orchestration = pgSchema("orchestration");

const createTime = timestamp("create_time", { withTimezone: true }).notNull().defaultNow();
const updateTime = timestamp("update_time", { withTimezone: true }).notNull().defaultNow();

export const sources = orchestration.table(
  "sources",
  {
    sourceId: uuid("source_id").primaryKey(),
    ...ownerColumns(),
    displayName: text("display_name").notNull(),
    connector: text("connector").notNull(),
    settings: jsonb("settings").$type<Settings>().notNull(),
    revision: integer("revision").notNull().default(1),
    // When a discovery last changed the catalog: another one that was reading then may have older tables.
    discoverTime: timestamp("discover_time", { withTimezone: true }),
    createTime,
    updateTime,
  },
  (table) => [
    unique("sources_display_name").on(table.orgId, table.namespace, table.displayName),
    index("sources_create_time").on(table.orgId, table.createTime, table.sourceId),
    index("sources_namespace").on(table.orgId, table.namespace, table.createTime, table.sourceId),
    index("sources_display_name_order").on(table.orgId, byCodePoints(table.displayName), table.sourceId),
    index("sources_display_name_search").using("gin", trigrams(table.displayName)),
    check("sources_display_name_length", sql`char_length(${table.displayName}) between 1 and 200`),
    check("sources_revision", sql`${table.revision} >= 1`),
  ],
);

export const tables = orchestration.table(
  "tables",
  {
    tableId: uuid("table_id").primaryKey(),
    ...ownerColumns(),
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.sourceId, { onDelete: "cascade" }),
    schemaName: text("schema_name").notNull(),
    name: text("name").notNull(),
    columns: jsonb("columns").$type<readonly DiscoveredColumn[]>().notNull(),
    rowCount: bigint("row_count", { mode: "bigint" }),
    sizeBytes: bigint("size_bytes", { mode: "bigint" }),
    comment: text("comment").notNull().default(""),
    // By the name of the column.
    columnComments: jsonb("column_comments").$type<Readonly<Record<string, string>>>().notNull().default({}),
    primaryKey: text("primary_key").array().notNull().default([]),
    foreignKeys: jsonb("foreign_keys").$type<readonly ForeignKey[]>().notNull().default([]),
    // Of columns, comments and keys; empty if no discovery has found the table since there are hashes.
    schemaHash: text("schema_hash").notNull().default(""),
    version: integer("version").notNull().default(1),
    deleteTime: timestamp("delete_time", { withTimezone: true }),
    // From here on: of users, who never lose it to a discovery.
    description: text("description").notNull().default(""),
    tags: text("tags").array().notNull().default([]),
    owner: text("owner").notNull().default(""),
    properties: jsonb("properties").$type<Readonly<Record<string, string>>>().notNull().default({}),
    columnAnnotations: jsonb("column_annotations").$type<ColumnAnnotations>().notNull().default({}),
    revision: integer("revision").notNull().default(1),
    createTime,
    updateTime,
  },
  (table) => [
    unique("tables_name").on(table.sourceId, table.schemaName, table.name),
    index("tables_create_time").on(table.orgId, table.createTime, table.tableId),
    index("tables_namespace").on(table.orgId, table.namespace, table.createTime, table.tableId),
    index("tables_name_order").on(table.orgId, byCodePoints(table.name), table.tableId),
    index("tables_source").on(table.orgId, table.sourceId, table.createTime, table.tableId),
    index("tables_name_search").using("gin", trigrams(table.name)),
    index("tables_tags").using("gin", table.tags).where(sql`tags <> '{}'`),
    index("tables_delete_time").on(table.sourceId, table.deleteTime).where(sql`delete_time is not null`),
    check("tables_row_count", sql`${table.rowCount} >= 0`),
    check("tables_size_bytes", sql`${table.sizeBytes} >= 0`),
    check("tables_version", sql`${table.version} >= 1`),
    check("tables_revision", sql`${table.revision} >= 1`),
  ],
);

export const executionState = orchestration.enum("execution_state", executionStates);

export const executions = orchestration.table(
  "executions",
  {
    executionId: uuid("execution_id").primaryKey(),
    ...ownerColumns(),
    // No foreign key: the row outlives its source. Null for a statement over the catalog, which has several.
    sourceId: uuid("source_id"),
    sourceIds: uuid("source_ids").array().notNull().default([]),
    sql: text("sql").notNull(),
    state: executionState("state").notNull().default("running"),
    errorMessage: text("error_message").notNull().default(""),
    rowCount: bigint("row_count", { mode: "bigint" }).notNull().default(sql`0`),
    truncated: boolean("truncated").notNull().default(false),
    // Whether the result is that of an earlier execution.
    fromCache: boolean("from_cache").notNull().default(false),
    creatorUserId: uuid("creator_user_id").notNull(),
    // The process that runs the execution. When its liveness lock is free, the execution is over.
    processId: uuid("process_id").notNull(),
    createTime,
    endTime: timestamp("end_time", { withTimezone: true }),
  },
  (table) => [
    index("executions_create_time").on(table.orgId, table.createTime, table.executionId),
    index("executions_namespace").on(table.orgId, table.namespace, table.createTime, table.executionId),
    index("executions_end_time").on(table.orgId, unsetIsLate(table.endTime), table.executionId),
    index("executions_state").on(table.orgId, table.state, table.createTime, table.executionId),
    index("executions_source").on(table.orgId, table.sourceId, table.createTime, table.executionId),
    index("executions_sources").using("gin", table.sourceIds).where(sql`source_ids <> '{}'`),
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

export const closedNamespaces = closedNamespacesTable(orchestration);
