import { sql } from "drizzle-orm";
import { check, index, integer, pgSchema, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

// Declared again: schema.ts imports the connectors, and the connectors import this room.
const orchestration = pgSchema("orchestration");

export const crashSubject = orchestration.enum("crash_subject", ["file", "statement"]);

export const crashes = orchestration.table(
  "crashes",
  {
    crashId: uuid("crash_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    subject: crashSubject("subject").notNull(),
    /** SHA-256 of the file's bytes, or of the file's hash and the statement. */
    fingerprint: text("fingerprint").notNull(),
    fileName: text("file_name").notNull(),
    fileSha256: text("file_sha256").notNull(),
    sql: text("sql").notNull().default(""),
    cause: text("cause").notNull(),
    crashCount: integer("crash_count").notNull().default(1),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    unique("crashes_fingerprint").on(table.orgId, table.subject, table.fingerprint),
    index("crashes_create_time").on(table.orgId, table.createTime, table.crashId),
    index("crashes_update_time").on(table.orgId, table.updateTime, table.crashId),
    check("crashes_crash_count", sql`${table.crashCount} >= 1`),
  ],
);
