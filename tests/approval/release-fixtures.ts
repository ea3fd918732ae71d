import { randomUUID } from "node:crypto";
import { AuditService } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { type Project, ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ReviewService } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { parseConfig } from "../../services/approval/config.ts";
import { run } from "../../services/approval/run.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, principal, type RunningService, startService } from "../lib/test-mesh.ts";
import { draft } from "./fixtures.ts";
import { catalogTable } from "./peers/orchestration.ts";
import { type Peers, startPeers } from "./peers/peers.ts";

export type Release = AsyncDisposable & {
  database: TestDatabase;
  peers: Peers;
  service: RunningService;
};

/** Environment of an approval process with fake peers. */
export const approvalEnv = (databaseUrl: string, { address }: Pick<Peers, "address">): Env => ({
  GRPC_LISTEN: "127.0.0.1:0",
  LOG_LEVEL: "silent",
  IDENTITY_ADDRESS: address,
  ORCHESTRATION_ADDRESS: address,
  STAGING_ADDRESS: address,
  STORAGE_ADDRESS: address,
  database_url: databaseUrl,
  mesh_private_key: meshKeys.privateKeys.approval,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
});

/** The approval service with fake peers and a database of its own. */
export async function startRelease(): Promise<Release> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const peers = stack.use(await startPeers());
  const config = parseConfig(approvalEnv(database.urls.approval, peers));
  const service = stack.use(await startService(run, config));
  const owned = stack.move();
  return { database, peers, service, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** A user with a client of each service. */
export const member = ({ service }: Pick<Release, "service">, who: Principal) => ({
  who,
  projects: service.client(ProjectService, who),
  reviews: service.client(ReviewService, who),
  audit: service.client(AuditService, who),
});

/** An editor and two approvers of one organisation. */
export function team(release: Pick<Release, "service">, orgId: string = randomUUID()) {
  const hired = (role: string) => member(release, principal({ orgId, roles: [role] }));
  return { orgId, editor: hired("editor"), approver: hired("approver"), second: hired("approver") };
}

export type Team = ReturnType<typeof team>;

type ProjectInit = Parameters<typeof draft>[0];

export const tables = () => [
  catalogTable("orders", ["id", "total", "note"], "shop"),
  catalogTable("customers", ["id", "name"], "shop"),
];

/** A project that releases two columns of the first table of `tables` and all of the second. */
export async function drafted(
  { peers }: Pick<Release, "peers">,
  { editor }: Team,
  overrides: ProjectInit = {},
): Promise<Project> {
  const sourceId = peers.orchestration.addSource(editor.who, tables());
  const { project } = await editor.projects.createProject({
    project: draft({
      sourceId,
      tables: [
        { name: "orders", columns: ["id", "total"] },
        { schemaName: "shop", name: "customers" },
      ],
      ...overrides,
    }),
  });
  return given(project);
}

/** Asserts that a value is there. */
export const given = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("the answer lacks it");
  return value;
};

/** Parts that the creation of a project needs. */
type Making = Pick<Release, "service" | "peers">;

export async function validated(release: Making, by: Team, overrides?: ProjectInit): Promise<Project> {
  const { projectId } = await drafted(release, by, overrides);
  return given((await by.editor.projects.validateProject({ projectId })).project);
}

export async function packaged(release: Making, by: Team, overrides?: ProjectInit): Promise<Project> {
  const { projectId } = await validated(release, by, overrides);
  return given((await by.editor.projects.packageProject({ projectId })).project);
}

export async function submitted(release: Making, by: Team, overrides?: ProjectInit): Promise<Project> {
  const { projectId } = await packaged(release, by, overrides);
  return given((await by.editor.reviews.submitProject({ projectId })).project);
}

export async function approved(release: Making, by: Team, overrides?: ProjectInit): Promise<Project> {
  const { projectId, manifestSha256 } = await submitted(release, by, overrides);
  return given((await by.approver.reviews.approveProject({ projectId, manifestSha256 })).project);
}

export async function published(release: Making, by: Team, overrides?: ProjectInit): Promise<Project> {
  const { projectId } = await approved(release, by, overrides);
  return given((await by.editor.projects.publishProject({ projectId })).project);
}

/** Names of a project's events in their order. */
export async function eventsOf({ editor }: Team, projectId: string): Promise<string[]> {
  const { events } = await editor.audit.listEvents({ projectId, orderBy: "sequence" });
  return events.map(({ type }) => eventNames[type] ?? "");
}

const eventNames = [
  "unspecified",
  "created",
  "updated",
  "deleted",
  "validated",
  "package started",
  "packaged",
  "package failed",
  "submitted",
  "approved",
  "rejected",
  "changes requested",
  "publish started",
  "published",
  "publish failed",
];
