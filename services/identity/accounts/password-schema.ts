import { foreignKey, text, unique, uuid } from "drizzle-orm/pg-core";
import { time } from "../columns.ts";
import { identity, users } from "../schema.ts";

/** One salt for all passwords of an e-mail address: a login derives once, however many organisations know the address. */
export const passwordSalts = identity.table("password_salts", {
  /** Hash of the address. */
  address: text("address").primaryKey(),
  /** Unpadded base64, as in a PHC string. */
  salt: text("salt").notNull(),
});

/** The newest reset token of each user. */
export const passwordResets = identity.table(
  "password_resets",
  {
    userId: uuid("user_id").primaryKey(),
    tokenSha256: text("token_sha256").notNull(),
    expireTime: time("expire_time").notNull(),
  },
  (table) => [
    unique("password_resets_token_unique").on(table.tokenSha256),
    foreignKey({
      name: "password_resets_user_exists",
      columns: [table.userId],
      foreignColumns: [users.userId],
    }).onDelete("cascade"),
  ],
);
