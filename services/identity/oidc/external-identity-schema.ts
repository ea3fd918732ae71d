import { foreignKey, primaryKey, text, unique, uuid } from "drizzle-orm/pg-core";
import { createTime, time } from "../columns.ts";
import { identity, users } from "../schema.ts";

/** Subjects of OpenID Connect issuers, and their users. */
export const externalIdentities = identity.table(
  "external_identities",
  {
    /** URL of the issuer: its name in the settings may change. */
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id").notNull(),
    /** Groups of the user by the rules of the issuer, at the last sign-in. */
    ruledGroups: text("ruled_groups").array().notNull().default([]),
    createTime: createTime(),
    signInTime: time("sign_in_time").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({
      name: "external_identities_subject_unique",
      columns: [table.issuer, table.subject, table.orgId],
    }),
    foreignKey({
      name: "external_identities_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
    // A second subject with the same e-mail address is another person.
    unique("external_identities_user_unique").on(table.userId, table.issuer),
  ],
);
