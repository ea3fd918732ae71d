import { sql } from "drizzle-orm";
import { check, foreignKey, index, text, unique, uuid } from "drizzle-orm/pg-core";
import { roles as everyRole } from "../../lib/rpc/permissions.ts";
import { createTime } from "../columns.ts";
import { apiKeys, identity, namespaces, users } from "../schema.ts";

const knownRole = sql.raw(`role in (${everyRole.map((role) => `'${role}'`).join(", ")})`);

/** Roles of users, API keys and groups: all that there are. */
export const grants = identity.table(
  "grants",
  {
    grantId: uuid("grant_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id"),
    apiKeyId: uuid("api_key_id"),
    groupName: text("group_name"),
    role: text("role").notNull(),
    /** Null for the whole organisation. */
    namespace: text("namespace"),
    creatorUserId: uuid("creator_user_id"),
    createTime: createTime(),
  },
  (table) => [
    foreignKey({
      name: "grants_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
    foreignKey({
      name: "grants_api_key_exists",
      columns: [table.orgId, table.apiKeyId],
      foreignColumns: [apiKeys.orgId, apiKeys.apiKeyId],
    }).onDelete("cascade"),
    foreignKey({
      name: "grants_namespace_exists",
      columns: [table.orgId, table.namespace],
      foreignColumns: [namespaces.orgId, namespaces.name],
    }).onDelete("cascade"),
    check("grants_one_grantee", sql`num_nonnulls(user_id, api_key_id, group_name) = 1`),
    check("grants_role_known", knownRole),
    unique("grants_unique")
      .on(table.orgId, table.userId, table.apiKeyId, table.groupName, table.namespace, table.role)
      .nullsNotDistinct(),
    index("grants_create_time").on(table.orgId, table.createTime, table.grantId),
    index("grants_user").on(table.userId),
    index("grants_api_key").on(table.apiKeyId),
    index("grants_group").on(table.orgId, table.groupName),
  ],
);
