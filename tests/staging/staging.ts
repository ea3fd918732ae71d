import { join } from "node:path";
import type { Client } from "@connectrpc/connect";
import { expect } from "vitest";
import { type Job, StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { parseConfig, type StagingConfig } from "../../services/staging/config.ts";
import { run } from "../../services/staging/run.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, principal, type RunningService, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { startStorageIn } from "../storage/fixtures.ts";
import { type Peers, startPeers } from "./peers.ts";

export type User = {
  who: Principal;
  jobs: Client<typeof StagingService>;
  files: Client<typeof FileService>;
};

export type Staging = AsyncDisposable & {
  database: TestDatabase;
  peers: Peers;
  storage: RunningService;
  /** The folder of lent files that storage reads. */
  lentDirectory: string;
  service: RunningService;
  config: StagingConfig;
  /** Environment of a worker process of the same mesh. */
  environment: Record<string, string | undefined>;
  /** A user of a new organisation, unless one is given. */
  user(overrides?: Partial<Principal>): User;
};

export const environmentOf = (
  database: Pick<TestDatabase, "urls">,
  addresses: { peers: string; storage: string; orchestration?: string },
  env: Record<string, string> = {},
) => ({
  LOG_LEVEL: "silent",
  GRPC_LISTEN: "127.0.0.1:0",
  database_url: database.urls.staging,
  mesh_private_key: meshKeys.privateKeys.staging,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
  IDENTITY_ADDRESS: addresses.peers,
  ORCHESTRATION_ADDRESS: addresses.orchestration ?? addresses.peers,
  STORAGE_ADDRESS: addresses.storage,
  ...env,
});

/** The staging service as its main.ts runs it, with a real storage and fake peers. */
export async function startStaging(env: Record<string, string> = {}): Promise<Staging> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const storage = stack.use(await startStorageIn(database, folder.path));
  const peers = stack.use(await startPeers());
  const environment = environmentOf(database, { peers: peers.address, storage: storage.address }, env);
  const config = parseConfig(environment);
  const service = stack.use(await startService(run, config));
  const owned = stack.move();
  return {
    database,
    peers,
    storage,
    lentDirectory: join(folder.path, "lent"),
    service,
    config,
    environment,
    user: (overrides) => userOf(service, storage, overrides),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

export function userOf(
  service: RunningService,
  storage: RunningService,
  overrides: Partial<Principal> = {},
): User {
  const who = principal(overrides);
  return { who, jobs: service.client(StagingService, who), files: storage.client(FileService, who) };
}

const eventuallyMs = 30_000;

/** Polls until the value is the expected one. The timeout allows for a busy machine. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: eventuallyMs, interval: 50 });

/** Creates a job for all tables of a source. */
export async function createJob(
  { jobs }: User,
  { sourceId, tables }: { sourceId: string; tables: { name: string }[] },
  overrides: { chunkRows?: bigint; tables?: string[] } = {},
): Promise<Job> {
  const names = tables.map(({ name }) => name);
  const { job } = await jobs.createJob({ job: { sourceId, tables: names, chunkRows: 1000n, ...overrides } });
  if (!job) throw new Error("no job");
  return job;
}

/** Watches a job until it has ended. Returns its last state. */
export async function ended({ jobs }: User, jobId: string): Promise<Job> {
  let last: Job | undefined;
  for await (const { job } of jobs.watchJob({ jobId })) last = job;
  if (!last) throw new Error("the watch answered nothing");
  return last;
}

export const stateOf = async ({ jobs }: User, jobId: string) => (await jobs.getJob({ jobId })).job?.state;

/** Names of the files that jobs of the organisation have in storage. */
export async function storedFiles({ files }: User): Promise<string[]> {
  const { files: listed } = await files.listFiles({ category: FileCategory.STAGING, pageSize: 1000 });
  return listed.map(({ name }) => name).sort();
}
