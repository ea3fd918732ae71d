import type { Client } from "@connectrpc/connect";
import {
  FilestoreDestination_Format as Format,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { CrashService } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { principal } from "../lib/test-mesh.ts";
import type { Mesh } from "./mesh.ts";

/** Names of things by request field: `source_id`, or `<service>.<field>` for names that are not ids. */
export type Things = Readonly<Record<string, string>>;

/** The administrators of two organisations. The first has one of everything that a request can name. */
export async function createThings(mesh: Mesh) {
  const owner = await createOrg(mesh, "owner");
  const stranger = await createOrg(mesh, "stranger");
  const { apiKey } = await mesh.client(ApiKeyService, owner).createApiKey({ apiKey: { displayName: "key" } });
  const secretName = crypto.randomUUID();
  await mesh.client(SecretService, owner).putSecret({ name: secretName, value: "secret" });
  const things: Things = {
    org_id: owner.orgId,
    user_id: owner.userId,
    api_key_id: apiKey?.apiKeyId ?? "",
    [`${SecretService.typeName}.name`]: secretName,
    ...(await createData(mesh, owner)),
  };
  return { owner, stranger, things };
}

async function createOrg(mesh: Mesh, name: string): Promise<Principal> {
  const { org, admin } = await mesh.client(OrgService, principal({ roles: ["platform-admin"] })).createOrg({
    org: { name },
    admin: { email: `${name}@example.org`, password: "a long first password" },
  });
  return principal({ orgId: org?.orgId ?? "", userId: admin?.userId ?? "" });
}

async function createData(mesh: Mesh, owner: Principal): Promise<Things> {
  const { file } = await mesh.client(FileService, owner).uploadFile(upload());
  const fileId = file?.fileId ?? "";
  const { source } = await mesh.client(SourceService, owner).createSource({
    source: { displayName: "source", connector: "file", settings: { fileId } },
  });
  const sourceId = source?.sourceId ?? "";
  const catalog = mesh.client(CatalogService, owner);
  await catalog.discover({ sourceId });
  const { tables } = await catalog.listTables({ sourceId });
  const { executionId } = await mesh
    .client(ExecutionService, owner)
    .executeQuery({ sourceId, sql: "FROM orders" });
  const crashId = await crash(mesh, owner, sourceId);
  const { project } = await mesh.client(ProjectService, owner).createProject({
    project: {
      displayName: "project",
      sourceId,
      tables: [{ name: "orders" }],
      destination: { kind: { case: "filestore", value: { name: "warehouse", format: Format.PARQUET } } },
    },
  });
  const jobId = await stage(mesh.client(StagingService, owner), sourceId);
  const { nodes } = await mesh.client(LineageService, owner).ingestEvent({ event: lineageEvent });
  return {
    job_id: jobId,
    entity_id: nodes[0]?.entityId ?? "",
    file_id: fileId,
    source_id: sourceId,
    table_id: tables[0]?.tableId ?? "",
    execution_id: executionId,
    crash_id: crashId,
    project_id: project?.projectId ?? "",
  };
}

/** Crashes the engine and returns the id of the recorded crash. */
async function crash(mesh: Mesh, owner: Principal, sourceId: string): Promise<string> {
  const sql = "SELECT json_structure(repeat('[', 200000) || repeat(']', 200000))";
  await mesh
    .client(ExecutionService, owner)
    .executeQuery({ sourceId, sql })
    .catch(() => {});
  const { crashes } = await mesh.client(CrashService, owner).listCrashes({});
  return crashes[0]?.crashId ?? "";
}

/** Stages a table and waits for the end: a running job would change while others read it. */
async function stage(staging: Client<typeof StagingService>, sourceId: string): Promise<string> {
  const { job } = await staging.createJob({ job: { sourceId, tables: ["orders"] } });
  const jobId = job?.jobId ?? "";
  for await (const _ of staging.watchJob({ jobId }));
  return jobId;
}

const lineageEvent = {
  eventType: "COMPLETE",
  eventTime: "2026-01-01T00:00:00Z",
  run: { runId: "01890000-0000-7000-8000-000000000000" },
  job: { namespace: "elsewhere", name: "load orders" },
  producer: "https://example.org/",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
};

async function* upload() {
  yield { part: { case: "header" as const, value: { name: "orders.csv" } } };
  yield { part: { case: "chunk" as const, value: Buffer.from("id,total\n1,2\n") } };
}
