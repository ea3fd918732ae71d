import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  FilestoreDestination_Format as Format,
  type Project,
  type ProjectSchema,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { run } from "../../services/approval/run.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { run as runOrchestration } from "../../services/orchestration/run.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, type RunningService, startService, temporaryFolder } from "../lib/test-mesh.ts";

export type Approval = RunningService & {
  database: TestDatabase;
  /** The service that has the sources. */
  orchestration: RunningService;
};

/** The approval service and an orchestration service, with a database of their own. */
export async function startApproval(): Promise<Approval> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder()).path;
  const orchestration = stack.use(await startOrchestration(database, folder));
  const service = stack.use(
    await startService(run, {
      logLevel: "silent",
      grpcListen: "127.0.0.1:0",
      databaseUrl: database.urls.approval,
      meshPrivateKey: meshKeys.privateKeys.approval ?? "",
      meshTrustedKeys: meshKeys.publicKeys,
      meshFiles: undefined,
      identityAddress: nobody(folder),
      orchestrationAddress: orchestration.address,
      stagingAddress: nobody(folder),
      storageAddress: nobody(folder),
    }),
  );
  const owned = stack.move();
  return {
    ...service,
    database,
    orchestration,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

const nobody = (folder: string): string => `unix:${join(folder, "nobody.sock")}`;

// Creating and reading a source does not read its file, so storage and identity are not needed.
function startOrchestration(database: TestDatabase, folder: string): Promise<RunningService> {
  return startService(runOrchestration, {
    logLevel: "silent",
    grpcListen: "127.0.0.1:0",
    databaseUrl: database.urls.orchestration,
    meshPrivateKey: meshKeys.privateKeys.orchestration ?? "",
    meshTrustedKeys: meshKeys.publicKeys,
    meshFiles: undefined,
    dataDirectory: folder,
    identityAddress: nobody(folder),
    storageAddress: nobody(folder),
    storageDirectory: undefined,
    sourceAddressAllow: [],
    sourceFolders: new Map(),
    engineNiceness: 3,
    engineMemory: { processBytes: 1024 ** 3, totalBytes: 1024 ** 3 },
    engineProtectionsRequired: [],
    preparedCacheBytes: undefined,
    lineageReceivers: [],
    lineageAddressAllow: [],
    transferLimits: { bytesMax: 1024 ** 3, rowsMax: 1_000_000 },
    resultCache: { ttlMs: 0, timeoutMs: 200 },
  });
}

export const projects = (approval: Approval, who: Principal) => approval.client(ProjectService, who);

/** Registers a source of a user's organisation. Returns its id. */
export async function createSource({ orchestration }: Approval, who: Principal): Promise<string> {
  const { source } = await orchestration.client(SourceService, who).createSource({
    source: { displayName: randomUUID(), connector: "file", settings: { fileId: randomUUID() } },
  });
  return source?.sourceId ?? "";
}

export const deleteSource = ({ orchestration }: Approval, who: Principal, sourceId: string) =>
  orchestration.client(SourceService, who).deleteSource({ sourceId });

type ProjectInit = Exclude<MessageInitShape<typeof ProjectSchema>, Project>;

export const filestore = (name: string, format: Format = Format.PARQUET) => ({
  kind: { case: "filestore" as const, value: { name, format } },
});

/** A valid new project with overrides. */
export const draft = (overrides: ProjectInit = {}): ProjectInit => ({
  displayName: randomUUID(),
  sourceId: randomUUID(),
  tables: [{ name: "orders", columns: ["id", "total"] }],
  destination: filestore("warehouse"),
  ...overrides,
});

/** Creates a project, on a new source unless one is given. */
export async function createProject(
  approval: Approval,
  who: Principal,
  overrides: ProjectInit = {},
): Promise<Project> {
  const sourceId = overrides.sourceId ?? (await createSource(approval, who));
  const { project } = await projects(approval, who).createProject({
    project: draft({ ...overrides, sourceId }),
  });
  if (!project) throw new Error("no project");
  return project;
}

/** Sets a project's state to in_review without the steps before. Returns that state. */
export async function leaveDraft({ database }: Approval, projectId: string): Promise<string> {
  const state = "in_review";
  await database.sql`
    update approval.projects
    set state = ${state}, found_tables = '[]', package_id = gen_random_uuid(), staging_job_id = gen_random_uuid(),
      manifest_sha256 = ${"0".repeat(64)}, submitter_user_id = gen_random_uuid()
    where project_id = ${projectId}`;
  return state;
}
