import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { blobs, files, storage } from "../schema.ts";

/**
 * Earlier versions of files; the current one is in the row of the file. They are read after their file was found in the
 * scope, and deleted before it.
 */
export const fileVersions = storage.table(
  "file_versions",
  {
    fileId: uuid("file_id")
      .notNull()
      .references(() => files.fileId),
    version: integer("version").notNull(),
    orgId: uuid("org_id").notNull(),
    contentType: text("content_type").notNull(),
    /** Empty for versions from before it was kept. */
    detectedContentType: text("detected_content_type").notNull().default(""),
    sizeBytes: bigint("size_bytes", { mode: "number" }).notNull(),
    sha256: text("sha256").notNull(),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.fileId, table.version] }),
    check("file_versions_size_bytes_not_negative", sql.raw("size_bytes >= 0")),
    index("file_versions_create_time").on(table.fileId, table.createTime, table.version),
    foreignKey({
      name: "file_versions_blob_fk",
      columns: [table.orgId, table.sha256],
      foreignColumns: [blobs.orgId, blobs.sha256],
    }),
    index("file_versions_sha256").on(table.orgId, table.sha256),
  ],
);
