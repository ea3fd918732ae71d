import { sql } from "drizzle-orm";
import {
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
import { roles as everyRole } from "../lib/rpc/permissions.ts";
import type { Destination } from "./destinations.ts";

export const identity = pgSchema("identity");

export const requests = requestsTable(identity);

const time = (name: string) => timestamp(name, { withTimezone: true });
const createTime = () => time("create_time").notNull().defaultNow();
const updateTime = () => time("update_time").notNull().defaultNow();
const revision = () => integer("revision").notNull().default(1);
const knownRoles = sql.raw(`roles <@ array[${everyRole.map((role) => `'${role}'`).join(", ")}]`);

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
    createTime: createTime(),
    updateTime: updateTime(),
    revision: revision(),
  },
  (table) => [
    unique("orgs_name_unique").on(table.name),
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
    roles: text("roles").array().notNull(),
    active: boolean("active").notNull().default(true),
    createTime: createTime(),
    updateTime: updateTime(),
    revision: revision(),
  },
  (table) => [
    foreignKey({ name: "users_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
    uniqueIndex("users_email_unique").on(sql`lower(${table.email})`),
    unique("users_org_unique").on(table.orgId, table.userId),
    check("users_roles_known", sql`${knownRoles} and cardinality(${table.roles}) > 0`),
  ],
);

export const apiKeys = identity.table(
  "api_keys",
  {
    apiKeyId: uuid("api_key_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    userId: uuid("user_id").notNull(),
    displayName: text("display_name").notNull(),
    roles: text("roles").array().notNull(),
    secretSha256: text("secret_sha256").notNull(),
    prefix: text("prefix").notNull(),
    expireTime: time("expire_time"),
    createTime: createTime(),
  },
  (table) => [
    foreignKey({
      name: "api_keys_user_exists",
      columns: [table.orgId, table.userId],
      foreignColumns: [users.orgId, users.userId],
    }).onDelete("cascade"),
    unique("api_keys_secret_unique").on(table.secretSha256),
    index("api_keys_org").on(table.orgId, table.apiKeyId),
    index("api_keys_user").on(table.userId),
    check("api_keys_roles_known", knownRoles),
  ],
);

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
    index("secrets_unbound").on(table.orgId).where(sql`${table.destinations} is null`),
    check("secrets_destinations_list", sql`jsonb_typeof(${table.destinations}) = 'array'`),
    primaryKey({ name: "secrets_name_unique", columns: [table.orgId, table.name] }),
    foreignKey({ name: "secrets_org_exists", columns: [table.orgId], foreignColumns: [orgs.orgId] }),
  ],
);
