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
import { ownerColumns } from "../../lib/database/scope.ts";
import { blobs, storage } from "../schema.ts";

const moment = (name: string) => timestamp(name, { withTimezone: true }).notNull();
// At most 5 TiB, far below Number.MAX_SAFE_INTEGER.
const bytes = (name: string) => bigint(name, { mode: "number" });

const kinds = ["whole", "partial", "concatenated"] as const;
/** `gone` has expired, or its content was refused: the row only remembers that. */
const states = ["open", "finished", "gone"] as const;

const oneOf = (column: string, words: readonly string[]) =>
  sql.raw(`${column} in (${words.map((word) => `'${word}'`).join(", ")})`);

/** Uploads that can be resumed. Their quota is in `reservations`, under the same id. */
export const resumableUploads = storage.table(
  "resumable_uploads",
  {
    uploadId: uuid("upload_id").primaryKey(),
    ...ownerColumns(),
    creatorUserId: uuid("creator_user_id").notNull(),
    kind: text("kind", { enum: kinds }).notNull(),
    state: text("state", { enum: states }).notNull().default("open"),
    name: text("name").notNull(),
    /** As the client said; empty if it said none. */
    contentType: text("content_type").notNull(),
    metadata: text("metadata").notNull(),
    concatenation: text("concatenation").notNull().default(""),
    /** What the client expects; null for anything. */
    sha256: text("sha256"),
    /** Null while it is not known. */
    lengthBytes: bytes("length_bytes"),
    /** Size of all parts together. */
    offsetBytes: bytes("offset_bytes").notNull().default(0),
    /** Counts the requests with bytes. Only the last one may add parts. */
    attempt: integer("attempt").notNull().default(0),
    createTime: moment("create_time").defaultNow(),
    expireTime: moment("expire_time"),
  },
  (table) => [
    check("resumable_uploads_kind", oneOf("kind", kinds)),
    check("resumable_uploads_state", oneOf("state", states)),
    check(
      "resumable_uploads_offset_fits",
      sql.raw("offset_bytes >= 0 and (length_bytes is null or offset_bytes <= length_bytes)"),
    ),
    index("resumable_uploads_create_time").on(table.orgId, table.createTime, table.uploadId),
    index("resumable_uploads_open").on(table.orgId, table.namespace).where(sql.raw("state = 'open'")),
    index("resumable_uploads_expire_time").on(table.expireTime),
  ],
);

/** Durable bytes of an upload: each part is an object of the store. */
export const resumableParts = storage.table(
  "resumable_parts",
  {
    uploadId: uuid("upload_id")
      .notNull()
      .references(() => resumableUploads.uploadId, { onDelete: "cascade" }),
    startBytes: bytes("start_bytes").notNull(),
    sizeBytes: bytes("size_bytes").notNull(),
    orgId: uuid("org_id").notNull(),
    sha256: text("sha256").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.uploadId, table.startBytes] }),
    foreignKey({
      name: "resumable_parts_blob_fk",
      columns: [table.orgId, table.sha256],
      foreignColumns: [blobs.orgId, blobs.sha256],
    }),
    check("resumable_parts_size_bytes_positive", sql.raw("size_bytes > 0")),
    index("resumable_parts_sha256").on(table.orgId, table.sha256),
  ],
);
