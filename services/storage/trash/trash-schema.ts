import { sql } from "drizzle-orm";
import { bigint, check, integer, primaryKey, timestamp } from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { storage } from "../schema.ts";

/** How long files stay in the trash, for namespaces in which it is not the default. */
export const trashPolicies = storage.table(
  "trash_policies",
  {
    ...ownerColumns(),
    undeleteWindowMs: bigint("undelete_window_ms", { mode: "number" }).notNull(),
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.namespace] }),
    check("trash_policies_undelete_window_ms_not_negative", sql.raw("undelete_window_ms >= 0")),
  ],
);
