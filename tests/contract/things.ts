import type { Client } from "@connectrpc/connect";
import {
  FilestoreDestination_Format as Format,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { CrashService } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService } from "../../gen/sluice/storage/v1/models_pb.ts";
import { ResumableUploadService } from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { VectorService } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { principal } from "../lib/test-mesh.ts";
import type { Mesh } from "./mesh.ts";

/** Names of things by request field: `source_id`, or `<service>.<field>` for names that are not ids. */
export type Things = Readonly<Record<string, string>>;

/** An organisation's administrator and its things, which are in a namespace as far as they can be. */
export type Owned = { readonly owner: Principal; readonly things: Things };

/** An organisation that has one of everything that a request can name. */
export async function createThings(mesh: Mesh): Promise<Owned> {
  const owner = await createOrg(mesh, "owner");
  const { apiKey } = await mesh.client(ApiKeyService, owner).createApiKey({ apiKey: { displayName: "key" } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  const secretName = crypto.randomUUID();
  await mesh.client(SecretService, owner).putSecret({ name: secretName, value: "secret" });
  const namespace = crypto.randomUUID();
  await createNamespace(mesh, owner, namespace);
  const data = await createData(mesh, owner, namespace);
  const things: Things = {
    org_id: owner.orgId,
    user_id: owner.userId,
    api_key_id: apiKeyId,
    [`${SecretService.typeName}.name`]: secretName,
    namespace,
    grant_id: await createGrants(mesh, owner, namespace, apiKeyId),
    ...data,
    crash_id: await crash(mesh, owner, data.source_id ?? ""),
  };
  return { owner, things };
}

export async function createNamespace(mesh: Mesh, owner: Principal, name: string): Promise<void> {
  const preferences = { theme: "dark" };
  const namespaces = mesh.client(NamespaceService, owner);
  await namespaces.createNamespace({ namespace: { name } });
  await namespaces.setPreferences({ namespace: name, preferences });
}

/** Grants of a key and of a user. Returns the id of the first. */
async function createGrants(
  mesh: Mesh,
  owner: Principal,
  namespace: string,
  apiKeyId: string,
): Promise<string> {
  const grants = mesh.client(GrantService, owner);
  const ofKey = { grantee: { case: "apiKeyId", value: apiKeyId }, role: "viewer", namespace } as const;
  const ofUser = { grantee: { case: "userId", value: owner.userId }, role: "editor", namespace } as const;
  const { grant } = await grants.createGrant({ grant: ofKey });
  await grants.createGrant({ grant: ofUser });
  return grant?.grantId ?? "";
}

export async function createOrg(mesh: Mesh, name: string): Promise<Principal> {
  const { org, admin } = await mesh.client(OrgService, principal({ roles: ["platform-admin"] })).createOrg({
    org: { name },
    admin: { email: `${name}@example.org`, password: "a long first password" },
  });
  return principal({ orgId: org?.orgId ?? "", userId: admin?.userId ?? "" });
}

export async function createData(mesh: Mesh, owner: Principal, namespace: string): Promise<Things> {
  const { file } = await mesh.client(FileService, owner).uploadFile(upload(namespace));
  const fileId = file?.fileId ?? "";
  // Listed, but named by its own tests alone: it is its user's.
  await mesh.client(ResumableUploadService, owner).createResumableUpload({ upload: { namespace } });
  const { source } = await mesh.client(SourceService, owner).createSource({
    source: { displayName: "source", connector: "file", settings: { fileId }, namespace },
  });
  const sourceId = source?.sourceId ?? "";
  const catalog = mesh.client(CatalogService, owner);
  await catalog.discover({ sourceId });
  const { tables } = await catalog.listTables({ sourceId });
  const { executionId } = await mesh
    .client(ExecutionService, owner)
    .executeQuery({ sourceId, sql: "FROM orders" });
  const { project } = await mesh.client(ProjectService, owner).createProject({
    project: {
      displayName: "project",
      sourceId,
      tables: [{ name: "orders" }],
      destination: { kind: { case: "filestore", value: { name: "warehouse", format: Format.PARQUET } } },
    },
  });
  const { urlId } = await mesh.client(FileService, owner).createSignedUrl({ fileId });
  const jobId = await stage(mesh.client(StagingService, owner), sourceId);
  const { nodes, eventId } = await mesh
    .client(LineageService, owner)
    .ingestEvent({ event: lineageEvent, namespace });
  return {
    ...(await createModel(mesh, owner, namespace, fileId)),
    job_id: jobId,
    entity_id: nodes[0]?.entityId ?? "",
    event_id: eventId,
    file_id: fileId,
    url_id: urlId,
    source_id: sourceId,
    table_id: tables[0]?.tableId ?? "",
    execution_id: executionId,
    project_id: project?.projectId ?? "",
    ...(await createVector(mesh, owner, namespace)),
  };
}

/** A model with a version, an alias and a file. */
async function createModel(mesh: Mesh, owner: Principal, namespace: string, fileId: string): Promise<Things> {
  const models = mesh.client(ModelService, owner);
  const id = crypto.randomUUID();
  const path = `weights/${id}.bin`;
  const { modelVersion } = await models.registerModelVersion({
    modelName: `model-${id}`,
    namespace,
    files: [{ path, fileId }],
  });
  const model = modelVersion?.modelId ?? "";
  const { alias } = await models.setModelAlias({ model, alias: `alias-${id}`, version: 1 });
  return {
    model_id: model,
    [`${ModelService.typeName}.model`]: modelVersion?.modelName ?? "",
    [`${ModelService.typeName}.alias`]: alias?.alias ?? "",
    [`${ModelService.typeName}.path`]: path,
  };
}

async function createVector(mesh: Mesh, owner: Principal, namespace: string): Promise<Things> {
  const vectors = mesh.client(VectorService, owner);
  const { collection } = await vectors.createCollection({
    collection: { name: "vectors", dimension: 2, namespace },
  });
  const collectionId = collection?.collectionId ?? "";
  const vectorId = crypto.randomUUID();
  async function* messages() {
    yield { collectionId, vectors: [{ vectorId, values: [1, 0] }] };
  }
  await vectors.upsertVectors(messages());
  return { collection_id: collectionId, vector_id: vectorId };
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

export const lineageEvent = {
  eventType: "COMPLETE",
  eventTime: "2026-01-01T00:00:00Z",
  run: { runId: "01890000-0000-7000-8000-000000000000" },
  job: { namespace: "elsewhere", name: "load orders" },
  producer: "https://example.org/",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
};

export async function* upload(namespace: string) {
  yield { part: { case: "header" as const, value: { name: "orders.csv", namespace } } };
  yield { part: { case: "chunk" as const, value: Buffer.from("id,total\n1,2\n") } };
}

export async function* uploadVersion(fileId: string) {
  yield { part: { case: "header" as const, value: { fileId } } };
  yield { part: { case: "chunk" as const, value: Buffer.from("id,total\n1,3\n") } };
}
