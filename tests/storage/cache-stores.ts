import { describe } from "vitest";
import { CacheService } from "../../gen/sluice/storage/v1/cache_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { hasRedis, redisMissing, startRedisServer } from "../lib/redis-server.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { mib, startStorageIn } from "./fixtures.ts";

export type CachedStorage = RunningService & { database: TestDatabase };

type CacheOptions = { url?: string; orgBytes?: number; totalBytes?: number; identityAddress?: string };

/** A storage service with a new database and a cache with these limits: 1 MiB for each organisation by default. */
export async function startCachedStorage(options: CacheOptions = {}): Promise<CachedStorage> {
  const { url, orgBytes = mib, totalBytes = 1024 * mib, identityAddress } = options;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const settings = { cache: { url, orgBytes, totalBytes } };
  const service = stack.use(
    await startStorageIn(database, folder.path, {}, undefined, identityAddress, settings),
  );
  const owned = stack.move();
  return { ...service, database, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** Runs tests on each store of the cache. */
export function describeCaches(behaviour: (storage: () => CachedStorage) => void): void {
  describe("PostgreSQL", () => {
    behaviour(forFile(() => startCachedStorage()));
  });
  describe.skipIf(!hasRedis)(`Redis${redisMissing}`, () => {
    const redis = forFile(startRedisServer);
    behaviour(forFile(() => startCachedStorage({ url: redis().url })));
  });
}

export const cacheOf = (service: RunningService, who: Principal) => service.client(CacheService, who);

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

export const seconds = (count: number) => ({ seconds: BigInt(count) });

/** The text of an entry; undefined for a miss. */
export async function textOf(
  service: RunningService,
  who: Principal,
  key: string,
): Promise<string | undefined> {
  const client = cacheOf(service, who);
  const { entryCount } = await client.getCacheUsage({});
  if (entryCount === 0n) return undefined;
  try {
    const { entry } = await client.getCacheEntry({ key });
    return Buffer.from(entry?.value ?? []).toString();
  } catch (error) {
    if (String(error).includes("not found")) return undefined;
    throw error;
  }
}
