import { integer, jsonb, primaryKey, timestamp } from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { storage } from "../schema.ts";
import type { Rule } from "./rule.ts";

/** Rules of the organisations, whose namespace is empty, and of namespaces. */
export const lifecycleRules = storage.table(
  "lifecycle_rules",
  {
    ...ownerColumns(),
    rules: jsonb("rules").$type<readonly Rule[]>().notNull(),
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [primaryKey({ name: "lifecycle_rules_key", columns: [table.orgId, table.namespace] })],
);
