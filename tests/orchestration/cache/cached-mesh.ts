import { toBinary } from "@bufbuild/protobuf";
import {
  type ExecuteQueryResponse,
  ExecuteQueryResponseSchema,
  ExecutionService,
} from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { Principal } from "../../../services/lib/rpc/principal.ts";
import { registry } from "../../../services/lib/telemetry/metrics.ts";
import { run } from "../../../services/orchestration/run.ts";
import { startService, temporaryFolder } from "../../lib/test-mesh.ts";
import { type CachedStorage, startCachedStorage } from "../../storage/cache-stores.ts";
import { upload } from "../../storage/fixtures.ts";
import {
  configOf,
  createSource,
  type Orchestration,
  startOrchestration,
  type User,
} from "../orchestration.ts";
import { startPeers } from "../peers.ts";

/** So long that a busy machine never misses the cache. */
const patient = { RESULT_CACHE_TIMEOUT_MS: "60000" };

export type CachedMesh = AsyncDisposable & {
  orchestration: Orchestration;
  storage: CachedStorage;
  user(overrides?: Partial<Principal>): User;
  /** Another process of orchestration on the same database. */
  startNode(): Promise<AsyncDisposable & { executions(who: Principal): User["executions"] }>;
};

/** Orchestration and storage, with a cache whose limit for an organisation is `orgBytes`. */
export async function startCachedMesh(orgBytes?: number): Promise<CachedMesh> {
  await using stack = new AsyncDisposableStack();
  const { address: identityAddress } = stack.use(await startPeers());
  const limit = orgBytes === undefined ? {} : { orgBytes };
  const storage = stack.use(await startCachedStorage({ identityAddress, ...limit }));
  const env = { STORAGE_ADDRESS: storage.address, ...patient };
  const orchestration = stack.use(await startOrchestration(env));
  const owned = stack.move();
  return {
    orchestration,
    storage,
    user: orchestration.user,
    async startNode() {
      await using opened = new AsyncDisposableStack();
      const { path: folder } = opened.use(await temporaryFolder());
      const { database, peers } = orchestration;
      const config = configOf({ databaseUrl: database.urls.orchestration, folder, peers }, env);
      const node = opened.use(await startService(run, config));
      const kept = opened.move();
      return {
        executions: (who) => node.client(ExecutionService, who),
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Stored = { name?: string; content: string | Uint8Array; namespace?: string; fileId?: string };

/** Stores a file. Returns its id. */
export async function storeFile({ storage }: CachedMesh, { who }: User, file: Stored): Promise<string> {
  return (await upload(storage, who, { name: "t.csv", ...file })).fileId;
}

/** A source with the table `t`. */
export async function sourceOf(mesh: CachedMesh, user: User, content: string): Promise<string> {
  return createSource(user, "file", { fileId: await storeFile(mesh, user, { content }) });
}

/** A response as bytes, without what differs between an answer of the cache and one of the engine. */
export const bytesOf = (response: ExecuteQueryResponse): Buffer =>
  Buffer.from(toBinary(ExecuteQueryResponseSchema, { ...response, executionId: "", fromCache: false }));

/** Sum of a counter of this process. */
async function countOf(metric: string, labels: Record<string, string> = {}): Promise<number> {
  const { values = [] } = (await registry.getSingleMetric(metric)?.get()) ?? {};
  const counted = values.filter((value) =>
    Object.entries(labels).every(([name, label]) => value.labels[name] === label),
  );
  return counted.reduce((sum, { value }) => sum + value, 0);
}

/** Reads of files by engines for statements: each asks for the prepared file once. */
export const engineReads = (): Promise<number> => countOf("sluice_prepared_files_total");

export const previewsFound = (): Promise<number> =>
  countOf("sluice_cached_results_total", { kind: "preview", result: "found" });
