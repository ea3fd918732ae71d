import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { requestsTable } from "../lib/database/idempotency.ts";

export const storage = pgSchema("storage");

export const requests = requestsTable(storage);

const moment = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow();
// Quotas are at most 1 PiB, far below Number.MAX_SAFE_INTEGER.
const bytes = (name: string) => bigint(name, { mode: "number" }).notNull();

/**
 * Stored objects. A row is inserted before the bytes are published and deleted after them. Both are done under the row's
 * lock.
 */
export const blobs = storage.table(
  "blobs",
  {
    sha256: text("sha256").primaryKey(),
    /** Last time a file started or stopped using it. The grace period starts here. */
    touchTime: moment("touch_time"),
  },
  (table) => [
    check("blobs_sha256_form", sql.raw("sha256 ~ '^[0-9a-f]{64}$'")),
    index("blobs_touch_time").on(table.touchTime),
  ],
);

/** Published releases. Each is inserted in one transaction with its files. */
export const releases = storage.table(
  "releases",
  {
    orgId: uuid("org_id").notNull(),
    /** Chosen by the caller, so it is unique per organisation only. */
    releaseId: uuid("release_id").notNull(),
    createTime: moment("create_time"),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.releaseId] })],
);

export const categories = ["upload", "staging", "release"] as const;

export const files = storage.table(
  "files",
  {
    fileId: uuid("file_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    name: text("name").notNull(),
    contentType: text("content_type").notNull(),
    sizeBytes: bytes("size_bytes"),
    sha256: text("sha256")
      .notNull()
      .references(() => blobs.sha256),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: moment("create_time"),
    updateTime: moment("update_time"),
    revision: integer("revision").notNull().default(1),
    category: text("category", { enum: categories }).notNull().default("upload"),
    /** Owner of a staged file, as a job; null for others. */
    ownerId: uuid("owner_id"),
    /** The release of a released file; this and the columns below are null for others. */
    releaseId: uuid("release_id"),
    path: text("path"),
    sha512: text("sha512"),
  },
  (table) => [
    check("files_size_bytes_not_negative", sql.raw("size_bytes >= 0")),
    check(
      "files_category_fits",
      sql.raw(
        `category in (${categories.map((category) => `'${category}'`).join(", ")})` +
          " and (category = 'staging') = (owner_id is not null)" +
          " and num_nonnulls(release_id, path, sha512) = case category when 'release' then 3 else 0 end",
      ),
    ),
    check("files_sha512_form", sql.raw("sha512 ~ '^[0-9a-f]{128}$'")),
    unique("files_path_unique").on(table.orgId, table.path),
    foreignKey({
      name: "files_release_fk",
      columns: [table.orgId, table.releaseId],
      foreignColumns: [releases.orgId, releases.releaseId],
    }),
    index("files_org_id").on(table.orgId, table.fileId),
    index("files_owner_id").on(table.orgId, table.ownerId),
    index("files_release_id").on(table.orgId, table.releaseId),
    index("files_sha256").on(table.sha256),
  ],
);

/**
 * Quota and usage of an organisation. Reservations keep `used + reserved` within the limit under the row's lock. It is no
 * constraint: a limit may be set below the current usage.
 */
export const quotas = storage.table(
  "quotas",
  {
    orgId: uuid("org_id").primaryKey(),
    limitBytes: bytes("limit_bytes"),
    usedBytes: bytes("used_bytes").default(0),
    reservedBytes: bytes("reserved_bytes").default(0),
    fileCount: bytes("file_count").default(0),
    /** Null while the limit is the default one. */
    updateTime: timestamp("update_time", { withTimezone: true }),
    /** Counts the changes of the limit. */
    revision: integer("revision").notNull().default(0),
  },
  () => [
    check("quotas_limit_bytes_not_negative", sql.raw("limit_bytes >= 0")),
    check("quotas_used_bytes_not_negative", sql.raw("used_bytes >= 0")),
    check("quotas_reserved_bytes_not_negative", sql.raw("reserved_bytes >= 0")),
    check("quotas_file_count_not_negative", sql.raw("file_count >= 0")),
  ],
);

/** Running uploads and the quota that each holds. A stopped heartbeat means that the process is gone. */
export const reservations = storage.table(
  "reservations",
  {
    reservationId: uuid("reservation_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    reservedBytes: bytes("reserved_bytes").default(0),
    heartbeatTime: moment("heartbeat_time"),
  },
  (table) => [
    check("reservations_reserved_bytes_not_negative", sql.raw("reserved_bytes >= 0")),
    index("reservations_heartbeat_time").on(table.heartbeatTime),
  ],
);
