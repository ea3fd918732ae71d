import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { apiKeys } from "../schema.ts";

/** Number of keys of which each but the first was made with the one before. */
export const keysInChainMax = 5;

/** What a key limits, as a link of the chain from a key to the first above it. */
export type KeyLink = {
  readonly apiKeyId: string;
  /** The key above; null for none. */
  readonly parentApiKeyId: string | null;
  readonly granted: readonly { readonly namespace: string | null; readonly role: string }[];
  /** Empty for no limit. */
  readonly permissions: readonly string[];
  /** Empty for no limit. */
  readonly namespaces: readonly string[];
  /** ISO 8601; null for never. */
  readonly expireTime: string | null;
  readonly isExpired: boolean;
};

/** A column with a key and the keys above it, the key first. Each key is found by its id. */
export const keysAbove = (key: PgColumn): SQL<KeyLink[]> => sql<KeyLink[]>`(
  with recursive chain as (
    select leaf.*, 1 as depth from ${apiKeys} leaf where leaf.api_key_id = ${key}
    union all
    select above.*, depth + 1 from ${apiKeys} above
    join chain on above.api_key_id = chain.parent_api_key_id and above.user_id = chain.user_id
    where depth < ${sql.raw(String(keysInChainMax))}
  )
  select coalesce(json_agg(json_build_object(
    'apiKeyId', api_key_id, 'parentApiKeyId', parent_api_key_id, 'granted', (
      select coalesce(json_agg(json_build_object('namespace', given.namespace, 'role', given.role)), '[]')
      from identity.grants given where given.api_key_id = chain.api_key_id
    ), 'permissions', permissions,
    'namespaces', namespaces, 'expireTime', expire_time,
    'isExpired', coalesce(expire_time <= now(), false)
  ) order by depth), '[]') from chain)`;

/** Whether no key has expired, and none above is missing. */
export const areValid = (keys: readonly KeyLink[]): boolean =>
  keys.every(({ isExpired }) => !isExpired) && (keys.at(-1)?.parentApiKeyId ?? null) === null;
