import { sql } from "drizzle-orm";
import { check, foreignKey, index, primaryKey, text, unique, uuid } from "drizzle-orm/pg-core";
import { byCodePoints } from "../../lib/list/list-index.ts";
import { createTime } from "../columns.ts";
import { apiKeys, identity, orgs, users } from "../schema.ts";

/** Ids that the platform behind an API key has for organisations and users. */
export const externalIds = identity.table(
  "external_ids",
  {
    mappingId: uuid("mapping_id").primaryKey(),
    apiKeyId: uuid("api_key_id").notNull(),
    /** `org` or `user`. */
    kind: text("kind").notNull(),
    externalId: text("external_id").notNull(),
    orgId: uuid("org_id").notNull(),
    /** Null for an organisation. */
    userId: uuid("user_id"),
    createTime: createTime(),
  },
  (table) => [
    unique("external_ids_unique").on(table.apiKeyId, table.kind, table.externalId),
    index("external_ids_create_time").on(table.apiKeyId, table.createTime, table.mappingId),
    index("external_ids_name").on(table.apiKeyId, byCodePoints(table.externalId)),
    index("external_ids_user").on(table.orgId, table.userId),
    check(
      "external_ids_kind",
      sql`${table.kind} = case when ${table.userId} is null then 'org' else 'user' end`,
    ),
    foreignKey({
      name: "external_ids_key_exists",
      columns: [table.apiKeyId],
      foreignColumns: [apiKeys.apiKeyId],
    }).onDelete("cascade"),
    foreignKey({ name: "external_ids_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
    foreignKey({
      name: "external_ids_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
  ],
);

/** Users that stand for an organisation in calls of an API key that name no user. Nobody can log in as one. */
export const servicePrincipals = identity.table(
  "service_principals",
  {
    apiKeyId: uuid("api_key_id").notNull(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id").notNull(),
  },
  (table) => [
    primaryKey({ name: "service_principals_unique", columns: [table.apiKeyId, table.orgId] }),
    index("service_principals_user").on(table.orgId, table.userId),
    foreignKey({
      name: "service_principals_key_exists",
      columns: [table.apiKeyId],
      foreignColumns: [apiKeys.apiKeyId],
    }).onDelete("cascade"),
    foreignKey({
      name: "service_principals_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
  ],
);
