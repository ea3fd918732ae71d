import { sql } from "drizzle-orm";
import { bigint, check, integer, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { storage } from "../schema.ts";

/** Which files users may upload. The policy of the whole organisation has an empty namespace. */
export const uploadPolicies = storage.table(
  "upload_policies",
  {
    ...ownerColumns(),
    allowedTypes: text("allowed_types").array().notNull(),
    /** 0 for no limit but the platform's. */
    fileBytesMax: bigint("file_bytes_max", { mode: "number" }).notNull(),
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.namespace] }),
    check("upload_policies_file_bytes_max_not_negative", sql.raw("file_bytes_max >= 0")),
  ],
);
