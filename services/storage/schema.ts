import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { requestsTable } from "../lib/database/idempotency.ts";
import { closedNamespacesTable } from "../lib/database/namespace-gate.ts";
import { ownerColumns } from "../lib/database/scope.ts";
import { byCodePoints, trigrams } from "../lib/list/list-index.ts";

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
    orgId: uuid("org_id").notNull(),
    sha256: text("sha256").notNull(),
    /** Last time a file started or stopped using it. The grace period starts here. */
    touchTime: moment("touch_time"),
    /** When it was found in the store without a row; null once a file has used it. */
    foundTime: timestamp("found_time", { withTimezone: true }),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.sha256] }),
    check("blobs_sha256_form", sql.raw("sha256 ~ '^[0-9a-f]{64}$'")),
    index("blobs_touch_time").on(table.touchTime),
  ],
);

/** Content in the cold tier: its bytes are compressed in another object, or stay as they are. */
export const coldBlobs = storage.table(
  "cold_blobs",
  {
    orgId: uuid("org_id").notNull(),
    sha256: text("sha256").notNull(),
    /** The object with the compressed bytes; null if they stay as they are. */
    coldSha256: text("cold_sha256"),
    storedBytes: bytes("stored_bytes"),
    coolTime: moment("cool_time"),
    /** Whether the uncompressed bytes may still exist. */
    isMoving: boolean("is_moving").notNull(),
  },
  (table) => [
    primaryKey({ name: "cold_blobs_key", columns: [table.orgId, table.sha256] }),
    foreignKey({
      name: "cold_blobs_blob_fk",
      columns: [table.orgId, table.sha256],
      foreignColumns: [blobs.orgId, blobs.sha256],
    }).onDelete("cascade"),
    foreignKey({
      name: "cold_blobs_cold_fk",
      columns: [table.orgId, table.coldSha256],
      foreignColumns: [blobs.orgId, blobs.sha256],
    }),
    index("cold_blobs_cold_sha256").on(table.orgId, table.coldSha256),
    index("cold_blobs_moving").on(table.orgId).where(sql`is_moving`),
  ],
);

/** Published releases. Each is inserted in one transaction with its files. */
export const releases = storage.table(
  "releases",
  {
    ...ownerColumns(),
    /** Chosen by the caller, so it is unique per organisation only. */
    releaseId: uuid("release_id").notNull(),
    createTime: moment("create_time"),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.releaseId] })],
);

export const closedNamespaces = closedNamespacesTable(storage);

export const categories = ["upload", "staging", "release", "model"] as const;
export const kinds = ["data_source", "profile_image", "general"] as const;

/** Partial indexes cost nothing for the rows outside of them: lists never read the trash, and the trash only itself. */
const isLive = sql`delete_time is null`;
const isTrashed = sql`delete_time is not null`;

export const files = storage.table(
  "files",
  {
    fileId: uuid("file_id").primaryKey(),
    ...ownerColumns(),
    /** As the uploader wrote it. */
    name: text("name").notNull(),
    /** The name in Unicode's normal form C, in which names are compared. */
    nameKey: text("name_key").generatedAlwaysAs(sql`normalize(name)`),
    contentType: text("content_type").notNull(),
    /** What the content of an upload looks like; empty for others. */
    detectedContentType: text("detected_content_type").notNull().default(""),
    sizeBytes: bytes("size_bytes"),
    sha256: text("sha256").notNull(),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: moment("create_time"),
    updateTime: moment("update_time"),
    /** Time of the last read, to the hour; null before the first one. */
    lastReadTime: timestamp("last_read_time", { withTimezone: true }),
    revision: integer("revision").notNull().default(1),
    category: text("category", { enum: categories }).notNull().default("upload"),
    /** Owner of a staged file, as a job, or the model version of a model's file; null for others. */
    ownerId: uuid("owner_id"),
    /** The release of a released file; this and the columns below are null for others. */
    releaseId: uuid("release_id"),
    path: text("path"),
    sha512: text("sha512"),
    /** Empty, or segments that each end with a slash. */
    folder: text("folder").notNull().default(""),
    /** Files are listed as a tree by it. A column, because the planner keeps statistics of columns only. */
    fullName: text("full_name").notNull().generatedAlwaysAs(sql`normalize(folder || name)`),
    kind: text("kind", { enum: kinds }).notNull().default("general"),
    /** Null for files that are no uploads. */
    objectName: text("object_name"),
    /** Sorted. */
    tags: text("tags").array().notNull().default([]),
    properties: jsonb("properties").$type<Readonly<Record<string, string>>>().notNull().default({}),
    /** Number of the current version. */
    version: integer("version").notNull().default(1),
    /** Time and user of the current version; null for the first one, whose are those of the file. */
    contentTime: timestamp("content_time", { withTimezone: true }),
    contentUserId: uuid("content_user_id"),
    /** When the file was moved to the trash, and when it ends there; null for other files. */
    deleteTime: timestamp("delete_time", { withTimezone: true }),
    purgeTime: timestamp("purge_time", { withTimezone: true }),
  },
  (table) => [
    check("files_size_bytes_not_negative", sql.raw("size_bytes >= 0")),
    check(
      "files_category_fits",
      sql.raw(
        `category in (${categories.map((category) => `'${category}'`).join(", ")})` +
          " and (category in ('staging', 'model')) = (owner_id is not null)" +
          " and num_nonnulls(release_id, path, sha512) = case category when 'release' then 3 else 0 end",
      ),
    ),
    check("files_sha512_form", sql.raw("sha512 ~ '^[0-9a-f]{128}$'")),
    unique("files_path_unique").on(table.orgId, table.path),
    foreignKey({
      name: "files_blob_fk",
      columns: [table.orgId, table.sha256],
      foreignColumns: [blobs.orgId, blobs.sha256],
    }),
    foreignKey({
      name: "files_release_fk",
      columns: [table.orgId, table.releaseId],
      foreignColumns: [releases.orgId, releases.releaseId],
    }),
    check(
      "files_upload_fits",
      sql.raw(
        `kind in (${kinds.map((kind) => `'${kind}'`).join(", ")})` +
          " and (delete_time is null) = (purge_time is null)" +
          " and (category = 'upload' or num_nonnulls(object_name, content_time, content_user_id, delete_time) = 0)",
      ),
    ),
    uniqueIndex("files_object_name").on(table.orgId, byCodePoints(table.objectName)),
    index("files_create_time").on(table.orgId, table.category, table.createTime, table.fileId).where(isLive),
    index("files_namespace")
      .on(table.orgId, table.category, table.namespace, table.createTime, table.fileId)
      .where(isLive),
    index("files_name")
      .on(table.orgId, table.category, byCodePoints(table.nameKey), table.fileId)
      .where(isLive),
    index("files_full_name")
      .on(table.orgId, table.category, byCodePoints(table.fullName), table.fileId)
      .where(isLive),
    index("files_namespace_full_name")
      .on(table.orgId, table.category, table.namespace, byCodePoints(table.fullName), table.fileId)
      .where(isLive),
    index("files_size_bytes").on(table.orgId, table.category, table.sizeBytes, table.fileId).where(isLive),
    index("files_folder")
      .on(table.orgId, table.category, byCodePoints(table.folder), table.createTime, table.fileId)
      .where(sql`delete_time is null and folder <> ''`),
    index("files_kind")
      .on(table.orgId, table.kind, table.createTime, table.fileId)
      .where(sql`delete_time is null and kind <> 'general'`),
    index("files_name_search")
      .using("gin", trigrams(table.nameKey))
      .where(sql`category = 'upload' and delete_time is null`),
    index("files_tags").using("gin", table.tags).where(sql`tags <> '{}'`),
    index("files_properties").using("gin", table.properties).where(sql`properties <> '{}'`),
    index("files_trash_create_time")
      .on(table.orgId, table.category, table.createTime, table.fileId)
      .where(isTrashed),
    index("files_trash_namespace")
      .on(table.orgId, table.category, table.namespace, table.createTime, table.fileId)
      .where(isTrashed),
    index("files_trash_full_name")
      .on(table.orgId, table.category, byCodePoints(table.fullName), table.fileId)
      .where(isTrashed),
    index("files_trash_namespace_full_name")
      .on(table.orgId, table.category, table.namespace, byCodePoints(table.fullName), table.fileId)
      .where(isTrashed),
    index("files_trash_size_bytes")
      .on(table.orgId, table.category, table.sizeBytes, table.fileId)
      .where(isTrashed),
    index("files_trash_purge_time").on(table.purgeTime).where(isTrashed),
    index("files_owner_id").on(table.orgId, table.ownerId).where(sql`owner_id is not null`),
    index("files_release_id").on(table.orgId, table.releaseId).where(sql`release_id is not null`),
    index("files_sha256").on(table.orgId, table.sha256),
  ],
);
