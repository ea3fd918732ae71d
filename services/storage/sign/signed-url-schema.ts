import { sql } from "drizzle-orm";
import { bigint, check, foreignKey, index, integer, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { files, storage } from "../schema.ts";

const operations = ["read", "upload"] as const;

const time = (name: string) => timestamp(name, { withTimezone: true });

/** Signed URLs that are listed, counted and revoked one by one. Their tokens have nothing but their id. */
export const signedUrls = storage.table(
  "signed_urls",
  {
    urlId: uuid("url_id").primaryKey(),
    /** The namespace is that of the file, also after a move. */
    ...ownerColumns(),
    operation: text("operation", { enum: operations }).notNull(),
    /** The file that is read; null for an upload. */
    fileId: uuid("file_id"),
    /** The file that is uploaded; these three are null for a read. */
    name: text("name"),
    contentType: text("content_type"),
    sizeBytesMax: bigint("size_bytes_max", { mode: "number" }),
    creatorUserId: uuid("creator_user_id").notNull(),
    /** API key of the call that created it, if it used one. */
    apiKeyId: uuid("api_key_id"),
    /** Null for no limit. */
    usesMax: integer("uses_max"),
    useCount: integer("use_count").notNull().default(0),
    createTime: time("create_time").notNull().defaultNow(),
    expireTime: time("expire_time").notNull(),
    revokeTime: time("revoke_time"),
  },
  (table) => [
    check(
      "signed_urls_operation_fits",
      sql.raw(
        `operation in (${operations.map((operation) => `'${operation}'`).join(", ")})` +
          " and (operation = 'read') = (file_id is not null)" +
          " and num_nonnulls(name, content_type, size_bytes_max) = case operation when 'upload' then 3 else 0 end",
      ),
    ),
    check("signed_urls_uses_fit", sql.raw("use_count >= 0 and use_count <= coalesce(uses_max, 0)")),
    foreignKey({
      name: "signed_urls_file_exists",
      columns: [table.fileId],
      foreignColumns: [files.fileId],
    }).onDelete("cascade"),
    index("signed_urls_create_time").on(table.orgId, table.createTime, table.urlId),
    index("signed_urls_namespace").on(table.orgId, table.namespace, table.createTime, table.urlId),
    index("signed_urls_file_id").on(table.fileId),
    index("signed_urls_expire_time").on(table.expireTime),
  ],
);

/**
 * How often all URLs of a file were revoked; no row for never. A URL that is not stored has the generation in its token,
 * so that no clock decides whether it was created before or after a revocation.
 */
export const signedUrlGenerations = storage.table(
  "signed_url_generations",
  {
    fileId: uuid("file_id").primaryKey(),
    generation: integer("generation").notNull(),
  },
  (table) => [
    foreignKey({
      name: "signed_url_generations_file_exists",
      columns: [table.fileId],
      foreignColumns: [files.fileId],
    }).onDelete("cascade"),
  ],
);
