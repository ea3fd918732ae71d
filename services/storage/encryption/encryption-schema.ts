import { sql } from "drizzle-orm";
import { check, index, integer, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { storage } from "../schema.ts";

/**
 * Keys of the organisations. Each wraps the data keys at the ends of its organisation's objects, and is itself wrapped by a
 * master key: a change of the master key writes these rows again, and no object.
 */
export const orgKeys = storage.table(
  "org_keys",
  {
    keyId: uuid("key_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    /** Id of the master key that wraps it now. */
    masterKeyId: text("master_key_id").notNull(),
    /** Id of the master key that it was created for. With a new master key, new objects get new keys. */
    firstMasterKeyId: text("first_master_key_id").notNull(),
    /** Nonce, ciphertext and tag of AES-256-GCM, in base64. */
    wrapped: text("wrapped").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index("org_keys_org_id").on(table.orgId, table.createTime),
    index("org_keys_master_key_id").on(table.masterKeyId),
  ],
);

/** How far the content that was stored before encryption was enabled is encrypted: the last object, in one row. */
export const plainContent = storage.table(
  "plain_content",
  {
    onlyRow: integer("only_row").primaryKey().default(1),
    orgId: uuid("org_id"),
    sha256: text("sha256"),
    /** When everything was encrypted. */
    endTime: timestamp("end_time", { withTimezone: true }),
  },
  () => [check("plain_content_only_row", sql.raw("only_row = 1"))],
);
