import { sql } from "drizzle-orm";
import { bigint, check, index, integer, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { bytea } from "../../lib/database/bytea.ts";
import { ownerColumns } from "../../lib/database/scope.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import { storage } from "../schema.ts";

// All three are UNLOGGED, which their migration says: PostgreSQL empties them together after a crash.

export const cacheEntries = storage.table(
  "cache_entries",
  {
    ...ownerColumns(),
    key: text("key").notNull(),
    value: bytea("value").notNull(),
    /** What the entry counts for in its organisation's limit. */
    sizeBytes: integer("size_bytes").notNull(),
    etag: uuid("etag").notNull(),
    expireTime: timestamp("expire_time", { withTimezone: true }).notNull(),
    /** Last read or change, exact to a minute. */
    useTime: timestamp("use_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: "cache_entries_key", columns: [table.orgId, table.namespace, table.key] }),
    index("cache_entries_prefix").on(table.orgId, table.namespace, byCodePoints(table.key)),
    index("cache_entries_use_time").on(table.orgId, table.useTime),
    index("cache_entries_expire_time").on(table.expireTime),
  ],
);

/** What the entries of an organisation take. Each change of entries locks its row first. */
export const cacheUsage = storage.table(
  "cache_usage",
  {
    orgId: uuid("org_id").primaryKey(),
    usedBytes: bigint("used_bytes", { mode: "number" }).notNull().default(0),
    entryCount: bigint("entry_count", { mode: "number" }).notNull().default(0),
  },
  () => [check("cache_usage_not_negative", sql.raw("used_bytes >= 0 and entry_count >= 0"))],
);

/** Who computes which entry, and until when. */
export const cacheLeases = storage.table(
  "cache_leases",
  {
    ...ownerColumns(),
    key: text("key").notNull(),
    leaseId: uuid("lease_id").notNull(),
    expireTime: timestamp("expire_time", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ name: "cache_leases_key", columns: [table.orgId, table.namespace, table.key] }),
    index("cache_leases_expire_time").on(table.expireTime),
  ],
);
