import type { ResultCacheService } from "../../../gen/sluice/storage/v1/result_cache_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { OrchestrationConfig } from "../config.ts";
import { findReadingVersion } from "../prepared/reading-version.ts";
import { createCacheClient } from "./cache-client.ts";
import { type CachedResults, createCachedResults } from "./cached-results.ts";
import { createResultEntries, type Tracker } from "./result-entries.ts";
import { findResultVersion } from "./result-version.ts";
import { createSeal } from "./seal.ts";

type Options = {
  readonly client: MeshClient<typeof ResultCacheService>;
  readonly config: Pick<OrchestrationConfig, "meshPrivateKey" | "resultCache">;
  readonly pendingWork: Tracker;
  readonly log: Logger;
};

/** Opens the results that all processes of this service share. */
export async function openCachedResults({
  client,
  config,
  pendingWork,
  log,
}: Options): Promise<CachedResults> {
  const { ttlMs, timeoutMs } = config.resultCache;
  const seal = createSeal(config.meshPrivateKey);
  const entries = createResultEntries({
    client: createCacheClient({ client, timeoutMs, log }),
    seal,
    pendingWork,
    ttlMs,
  });
  const version = await findResultVersion(await findReadingVersion());
  return createCachedResults({ entries: ttlMs > 0 ? entries : undefined, version });
}
