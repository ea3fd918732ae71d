import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  foreignKey,
  index,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { requestsTable } from "../lib/database/idempotency.ts";
import { byCodePoints, trigrams, unsetIsLate } from "../lib/list/list-index.ts";
import { createTime, revision, time, updateTime } from "./columns.ts";
import type { Destination } from "./destinations.ts";

export const identity = pgSchema("identity");

export const requests = requestsTable(identity);

/** An encrypted value: see vault.ts. */
const sealed = () => ({
  keyId: text("key_id").notNull(),
  nonce: text("nonce").notNull(),
  ciphertext: text("ciphertext").notNull(),
});

export const orgs = identity.table(
  "orgs",
  {
    orgId: uuid("org_id").primaryKey(),
    name: text("name").notNull(),
    displayName: text("display_name").notNull(),
    preferences: jsonb("preferences").$type<Readonly<Record<string, string>>>().notNull().default({}),
    createTime: createTime(),
    updateTime: updateTime(),
    revision: revision(),
  },
  (table) => [
    unique("orgs_name_unique").on(table.name),
    index("orgs_create_time").on(table.createTime, table.orgId),
    index("orgs_name_order").on(byCodePoints(table.name), table.orgId),
    index("orgs_name_search").using("gin", trigrams(table.name)),
    index("orgs_display_name_search").using("gin", trigrams(table.displayName)),
    check("orgs_name_form", sql`${table.name} ~ '^[a-z][a-z0-9-]{0,62}$'`),
  ],
);

export const users = identity.table(
  "users",
  {
    userId: uuid("user_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    email: text("email").notNull(),
    displayName: text("display_name").notNull(),
    /** A PHC string. */
    passwordHash: text("password_hash").notNull(),
    /** Names of groups, whose grants the user has. */
    groups: text("groups").array().notNull().default([]),
    /** `service` for a principal of secret files, which can't log in with a password. */
    kind: text("kind").$type<"person" | "service">().notNull().default("person"),
    active: boolean("active").notNull().default(true),
    createTime: createTime(),
    updateTime: updateTime(),
    revision: revision(),
  },
  (table) => [
    foreignKey({ name: "users_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
    uniqueIndex("users_email_unique").on(table.orgId, sql`lower(${table.email})`),
    // Logins without an organisation.
    index("users_email").on(sql`lower(${table.email})`),
    unique("users_org_unique").on(table.orgId, table.userId),
    index("users_create_time").on(table.orgId, table.createTime, table.userId),
    index("users_display_name").on(table.orgId, byCodePoints(table.displayName), table.userId),
    index("users_email_order").on(table.orgId, byCodePoints(table.email), table.userId),
    index("users_display_name_search").using("gin", trigrams(table.displayName)),
    index("users_email_search").using("gin", trigrams(table.email)),
    check("users_kind_known", sql`${table.kind} in ('person', 'service')`),
  ],
);

export const apiKeys = identity.table(
  "api_keys",
  {
    apiKeyId: uuid("api_key_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id").notNull(),
    displayName: text("display_name").notNull(),
    secretSha256: text("secret_sha256").notNull(),
    prefix: text("prefix").notNull(),
    expireTime: time("expire_time"),
    /** The key that this one was made with. */
    parentApiKeyId: uuid("parent_api_key_id"),
    /** Empty for no limit. */
    permissions: text("permissions").array().notNull().default([]),
    /** Empty for no limit. */
    namespaces: text("namespaces").array().notNull().default([]),
    delegateOrgIds: uuid("delegate_org_ids").array().notNull().default([]),
    defaultOrgId: uuid("default_org_id"),
    /** Name of the secret file that has the key; null for a key of CreateApiKey. */
    secretFile: text("secret_file"),
    lastUseTime: time("last_use_time"),
    lastUseAddress: text("last_use_address"),
    createTime: createTime(),
  },
  (table) => [
    foreignKey({
      name: "api_keys_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
    foreignKey({
      name: "api_keys_parent_exists",
      columns: [table.parentApiKeyId],
      foreignColumns: [table.apiKeyId],
    }).onDelete("cascade"),
    index("api_keys_parent").on(table.parentApiKeyId),
    unique("api_keys_secret_unique").on(table.secretSha256),
    unique("api_keys_secret_file_unique").on(table.secretFile),
    unique("api_keys_org_unique").on(table.orgId, table.apiKeyId),
    index("api_keys_user").on(table.userId),
    index("api_keys_create_time").on(table.orgId, table.createTime, table.apiKeyId),
    index("api_keys_display_name").on(table.orgId, byCodePoints(table.displayName), table.apiKeyId),
    index("api_keys_expire_time").on(table.orgId, unsetIsLate(table.expireTime), table.apiKeyId),
    index("api_keys_display_name_search").using("gin", trigrams(table.displayName)),
  ],
);

export const namespaces = identity.table(
  "namespaces",
  {
    orgId: uuid("org_id").notNull(),
    name: text("name").notNull(),
    displayName: text("display_name").notNull().default(""),
    description: text("description").notNull().default(""),
    properties: jsonb("properties").$type<Readonly<Record<string, string>>>().notNull().default({}),
    preferences: jsonb("preferences").$type<Readonly<Record<string, string>>>().notNull().default({}),
    state: text("state").$type<NamespaceState>().notNull().default("active"),
    createTime: createTime(),
    updateTime: updateTime(),
    revision: revision(),
  },
  (table) => [
    primaryKey({ name: "namespaces_name_unique", columns: [table.orgId, table.name] }),
    foreignKey({ name: "namespaces_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
    index("namespaces_create_time").on(table.orgId, table.createTime, byCodePoints(table.name)),
    index("namespaces_name_order").on(table.orgId, byCodePoints(table.name)),
    index("namespaces_name_search").using("gin", trigrams(table.name)),
    index("namespaces_display_name_search").using("gin", trigrams(table.displayName)),
    check("namespaces_name_form", sql`${table.name} ~ '^[A-Za-z0-9_-]+$' and length(${table.name}) <= 256`),
    check("namespaces_state_known", sql`${table.state} in ('active', 'deleting')`),
    check("namespaces_default_stays", sql`${table.name} <> 'default' or ${table.state} = 'active'`),
  ],
);

export type NamespaceState = "active" | "deleting";

/** Sessions that IssueToken creates. Each of their tokens contains the login's id. */
export const logins = identity.table(
  "logins",
  {
    loginId: uuid("login_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id").notNull(),
    /** API key of the login; null for a password. */
    apiKeyId: uuid("api_key_id"),
    createTime: createTime(),
    /** Expiry of the newest refresh token. */
    expireTime: time("expire_time").notNull(),
    revokeTime: time("revoke_time"),
    /** Why it was revoked; null for no reason that its holder has to know. */
    revokeCause: text("revoke_cause"),
    /** When the login ends, whatever is refreshed; null for never. */
    endTime: time("end_time"),
  },
  (table) => [
    foreignKey({
      name: "logins_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
    foreignKey({
      name: "logins_api_key_exists",
      columns: [table.apiKeyId],
      foreignColumns: [apiKeys.apiKeyId],
    }).onDelete("cascade"),
    index("logins_user").on(table.userId),
    index("logins_api_key").on(table.apiKeyId),
    index("logins_expire_time").on(table.expireTime),
  ],
);

export const refreshTokens = identity.table(
  "refresh_tokens",
  {
    tokenSha256: text("token_sha256").primaryKey(),
    loginId: uuid("login_id").notNull(),
    expireTime: time("expire_time").notNull(),
    spentTime: time("spent_time"),
    /** With the token itself and the vault's key, it gives the token that followed. */
    successorNonce: text("successor_nonce"),
  },
  (table) => [
    foreignKey({
      name: "refresh_tokens_login_exists",
      columns: [table.loginId],
      foreignColumns: [logins.loginId],
    }).onDelete("cascade"),
    index("refresh_tokens_login").on(table.loginId),
    index("refresh_tokens_expire_time").on(table.expireTime),
  ],
);

/** Recent failures and running logins of an account or an address. */
export const loginAttempts = identity.table("login_attempts", {
  subject: text("subject").primaryKey(),
  times: time("times").array().notNull(),
});

/** Networks from which users have logged in. */
export const knownPlaces = identity.table(
  "known_places",
  {
    userId: uuid("user_id").notNull(),
    place: text("place").notNull(),
    loginTime: time("login_time").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: "known_places_unique", columns: [table.userId, table.place] }),
    foreignKey({
      name: "known_places_user_exists",
      columns: [table.userId],
      foreignColumns: [users.userId],
    }).onDelete("cascade"),
  ],
);

export const signingKeys = identity.table("signing_keys", {
  kid: uuid("kid").primaryKey(),
  /** The public key, base64url. */
  x: text("x").notNull(),
  ...sealed(),
  createTime: createTime(),
});

export const secrets = identity.table(
  "secrets",
  {
    orgId: uuid("org_id").notNull(),
    name: text("name").notNull(),
    ...sealed(),
    /** Null for secrets of a version without destinations, until BindSecrets. */
    destinations: jsonb("destinations").$type<readonly Destination[]>(),
    createTime: createTime(),
    updateTime: updateTime(),
  },
  (table) => [
    index("secrets_key").on(table.keyId),
    index("secrets_unbound").on(table.orgId).where(sql`${table.destinations} is null`),
    index("secrets_create_time").on(table.orgId, table.createTime, byCodePoints(table.name)),
    index("secrets_name").on(table.orgId, byCodePoints(table.name)),
    index("secrets_name_search").using("gin", trigrams(table.name)),
    check("secrets_destinations_list", sql`jsonb_typeof(${table.destinations}) = 'array'`),
    primaryKey({ name: "secrets_name_unique", columns: [table.orgId, table.name] }),
    foreignKey({ name: "secrets_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
  ],
);
