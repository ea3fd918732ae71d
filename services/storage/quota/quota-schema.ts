import { sql } from "drizzle-orm";
import { bigint, check, index, integer, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { storage } from "../schema.ts";

// Quotas are at most 1 PiB, far below Number.MAX_SAFE_INTEGER.
const amount = (name: string) => bigint(name, { mode: "number" });
const time = (name: string) => timestamp(name, { withTimezone: true });
const counter = (name: string) => amount(name).notNull().default(0);

/** Limits and counters of an organisation or a namespace, beside the limit in bytes. */
const limitsAndCounters = () => ({
  /** Null for no limit. */
  limitFiles: amount("limit_files"),
  /** Soft limits; null for none. */
  warnBytes: amount("warn_bytes"),
  warnFiles: amount("warn_files"),
  usedBytes: counter("used_bytes"),
  reservedBytes: counter("reserved_bytes"),
  fileCount: counter("file_count"),
  reservedFiles: counter("reserved_files"),
  /** What the last recount has found too much, or negative, too little. */
  driftBytes: counter("drift_bytes"),
  driftFiles: counter("drift_files"),
  recountTime: time("recount_time"),
  /** Null until limits are set. */
  updateTime: time("update_time"),
  /** Counts the changes of the limits. */
  revision: integer("revision").notNull().default(0),
});

const notNegative = (table: string) =>
  [
    "limit_bytes",
    "limit_files",
    "warn_bytes",
    "warn_files",
    "used_bytes",
    "reserved_bytes",
    "file_count",
    "reserved_files",
  ].map((column) => check(`${table}_${column}_not_negative`, sql.raw(`${column} >= 0`)));

/**
 * Quota and usage of an organisation. Its row is locked before the counters of the organisation and of its namespaces
 * change, and so one transaction of an organisation at a time changes them. Under that lock, `used + reserved` stays within
 * the limit. It is no constraint: a limit may be set below the current usage.
 */
export const quotas = storage.table(
  "quotas",
  {
    orgId: uuid("org_id").primaryKey(),
    limitBytes: amount("limit_bytes").notNull(),
    ...limitsAndCounters(),
  },
  () => notNegative("quotas"),
);

/** Quota and usage of a namespace. The counters of an organisation's namespaces add up to those of the organisation. */
export const namespaceQuotas = storage.table(
  "namespace_quotas",
  {
    ...ownerColumns(),
    /** Null for no limit but the organisation's. */
    limitBytes: amount("limit_bytes"),
    ...limitsAndCounters(),
  },
  (table) => [
    primaryKey({ name: "namespace_quotas_key", columns: [table.orgId, table.namespace] }),
    ...notNegative("namespace_quotas"),
  ],
);

/**
 * Running uploads and the quota that each holds. A stopped heartbeat means that the process is gone. Uploads that outlive
 * processes have theirs in the future.
 */
export const reservations = storage.table(
  "reservations",
  {
    reservationId: uuid("reservation_id").primaryKey(),
    ...ownerColumns(),
    reservedBytes: counter("reserved_bytes"),
    reservedFiles: counter("reserved_files"),
    /** Bytes that have arrived, or were announced. What is reserved beyond them can be taken for other uploads. */
    coveredBytes: counter("covered_bytes"),
    heartbeatTime: time("heartbeat_time").notNull().defaultNow(),
  },
  (table) => [
    check("reservations_reserved_bytes_not_negative", sql.raw("reserved_bytes >= 0")),
    check("reservations_reserved_files_not_negative", sql.raw("reserved_files >= 0")),
    check("reservations_covered", sql.raw("covered_bytes <= reserved_bytes")),
    index("reservations_org_id").on(table.orgId),
    index("reservations_heartbeat_time").on(table.heartbeatTime),
  ],
);

export const eventKinds = ["warn_bytes", "warn_files", "drift"] as const;

/** What operators should know of: a soft limit that was reached, or counters that were wrong. */
export const quotaEvents = storage.table(
  "quota_events",
  {
    eventId: uuid("event_id").primaryKey(),
    /** The namespace is empty for the organisation. */
    ...ownerColumns(),
    kind: text("kind", { enum: eventKinds }).notNull(),
    /** The usage that reached the limit, or what the counters had too much. */
    usedBytes: amount("used_bytes").notNull(),
    usedFiles: amount("used_files").notNull(),
    reservedBytes: amount("reserved_bytes").notNull(),
    reservedFiles: amount("reserved_files").notNull(),
    createTime: time("create_time").notNull().defaultNow(),
    /** Null until a process has logged it. */
    reportTime: time("report_time"),
  },
  (table) => [
    index("quota_events_create_time").on(table.orgId, table.createTime, table.eventId),
    index("quota_events_unreported").on(table.eventId).where(sql`report_time is null`),
  ],
);
