import { sql } from "drizzle-orm";
import {
  check,
  customType,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { byCodePoints, trigrams } from "../../lib/list/list-index.ts";
import type { DiscoveredColumn, ForeignKey } from "../connectors/connector.ts";
import { orchestration, sources, tables } from "../schema.ts";

const createTime = timestamp("create_time", { withTimezone: true }).notNull().defaultNow();
const updateTime = timestamp("update_time", { withTimezone: true }).notNull().defaultNow();

/** Schemas that have tables: their counts, because a list of a million tables can't be grouped for every page. */
export const schemas = orchestration.table(
  "schemas",
  {
    schemaId: uuid("schema_id").primaryKey().defaultRandom(),
    ...ownerColumns(),
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.sourceId, { onDelete: "cascade" }),
    name: text("name").notNull(),
    tableCount: integer("table_count").notNull(),
    createTime,
    updateTime,
  },
  (table) => [
    unique("schemas_name").on(table.sourceId, table.name),
    index("schemas_create_time").on(table.orgId, table.createTime, table.schemaId),
    index("schemas_namespace").on(table.orgId, table.namespace, table.createTime, table.schemaId),
    index("schemas_name_order").on(table.orgId, byCodePoints(table.name), table.schemaId),
    index("schemas_source").on(table.orgId, table.sourceId, table.createTime, table.schemaId),
    index("schemas_name_search").using("gin", trigrams(table.name)),
    check("schemas_table_count", sql`${table.tableCount} >= 1`),
  ],
);

/** Versions of tables, the current one included. They have no namespace: their readers find the table first. */
export const tableVersions = orchestration.table(
  "table_versions",
  {
    orgId: uuid("org_id").notNull(),
    tableId: uuid("table_id")
      .notNull()
      .references(() => tables.tableId, { onDelete: "cascade" }),
    version: integer("version").notNull(),
    columns: jsonb("columns").$type<readonly DiscoveredColumn[]>().notNull(),
    comment: text("comment").notNull().default(""),
    columnComments: jsonb("column_comments").$type<Readonly<Record<string, string>>>().notNull().default({}),
    primaryKey: text("primary_key").array().notNull().default([]),
    foreignKeys: jsonb("foreign_keys").$type<readonly ForeignKey[]>().notNull().default([]),
    schemaHash: text("schema_hash").notNull().default(""),
    createTime,
  },
  (table) => [
    primaryKey({ name: "table_versions_key", columns: [table.tableId, table.version] }),
    index("table_versions_create_time").on(table.tableId, table.createTime, table.version),
    check("table_versions_version", sql`${table.version} >= 1`),
  ],
);

/** When sources are discovered without a call. They have no namespace: their readers find the source first. */
export const discoverySchedules = orchestration.table(
  "discovery_schedules",
  {
    sourceId: uuid("source_id")
      .primaryKey()
      .references(() => sources.sourceId, { onDelete: "cascade" }),
    orgId: uuid("org_id").notNull(),
    intervalMinutes: integer("interval_minutes").notNull(),
    // On whose behalf.
    userId: uuid("user_id").notNull(),
    apiKeyId: text("api_key_id"),
    nextTime: timestamp("next_time", { withTimezone: true, mode: "string" }).notNull(),
    // The start is a fencing token: only the process that has set it may record the outcome.
    startTime: timestamp("start_time", { withTimezone: true, mode: "string" }),
    endTime: timestamp("end_time", { withTimezone: true, mode: "string" }),
    errorMessage: text("error_message").notNull().default(""),
  },
  (table) => [
    index("discovery_schedules_next_time").on(table.nextTime),
    check("discovery_schedules_interval_minutes", sql`${table.intervalMinutes} between 15 and 44640`),
  ],
);

const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });

/** What searches read of a table that is not deleted. Apart from `tables`: rows of few bytes are read faster. */
export const tableSearch = orchestration.table(
  "table_search",
  {
    tableId: uuid("table_id")
      .primaryKey()
      .references(() => tables.tableId, { onDelete: "cascade" }),
    ...ownerColumns(),
    sourceId: uuid("source_id").notNull(),
    schemaName: text("schema_name").notNull(),
    /** The words of the name, joined. */
    nameKey: text("name_key").notNull(),
    /** Of the table and of its columns. */
    tags: text("tags").array().notNull(),
    owner: text("owner").notNull(),
    piiClasses: text("pii_classes").array().notNull(),
    /** Lexemes of `search-document.ts`, without positions. */
    lexemes: tsvector("lexemes").notNull(),
  },
  (table) => [
    index("table_search_name").on(table.orgId, byCodePoints(table.nameKey), table.tableId),
    index("table_search_source").on(table.sourceId),
    index("table_search_lexemes").using("gin", table.lexemes),
  ],
);

/** Words that tables have or had, to find similar ones. */
export const searchWords = orchestration.table(
  "search_words",
  { orgId: uuid("org_id").notNull(), word: text("word").notNull() },
  (table) => [
    primaryKey({ name: "search_words_key", columns: [table.orgId, table.word] }),
    index("search_words_similar").using("gin", sql`${table.word} public.gin_trgm_ops`),
  ],
);
