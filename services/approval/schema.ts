import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgSchema, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { requestsTable } from "../lib/idempotency.ts";
import { states } from "./state.ts";

export const approval = pgSchema("approval");

export const requests = requestsTable(approval);

/** A table, or some columns of it, as it stands in a project's row. */
export type SelectedTable = { schemaName: string; name: string; columns: string[] };

/** Where a release goes, as it stands in a project's row: the destination as proto3 JSON. */
export type StoredDestination = { filestore: { name: string; format: string } };

export const projects = approval.table(
  "projects",
  {
    projectId: uuid("project_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    displayName: text("display_name").notNull(),
    sourceId: uuid("source_id").notNull(),
    tables: jsonb("tables").$type<SelectedTable[]>().notNull(),
    destination: jsonb("destination").$type<StoredDestination>().notNull(),
    state: text("state", { enum: states }).notNull().default("draft"),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    index("projects_page").on(table.orgId, table.projectId),
    unique("projects_display_name_unique").on(table.orgId, table.displayName),
    check("projects_state_known", sql.raw(`state in (${states.map((state) => `'${state}'`).join(", ")})`)),
  ],
);
