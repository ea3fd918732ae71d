import type { Message } from "@bufbuild/protobuf";
import {
  FilestoreDestination_Format as Format,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { type User, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { CatalogService, PiiClass } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService } from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { principal } from "../lib/test-mesh.ts";
import type { Mesh } from "./mesh.ts";

/** The administrator of a new organisation. */
export async function createOwner(mesh: Mesh): Promise<Principal> {
  return principal({ orgId: await createOrg(mesh) });
}

async function createOrg(mesh: Mesh): Promise<string> {
  const { org } = await mesh.client(OrgService, principal({ roles: ["platform-admin"] })).createOrg({
    org: { name: `org-${crypto.randomUUID()}` },
    admin: { email: `${crypto.randomUUID()}@example.org`, password: "a long first password" },
  });
  if (!org) throw new Error("no organisation");
  return org.orgId;
}

async function createUser(mesh: Mesh, owner: Principal): Promise<User | undefined> {
  const user = { email: `${crypto.randomUUID()}@example.org`, displayName: "User" };
  const password = "a long first password";
  return (await mesh.client(UserService, owner).createUser({ user, password })).user;
}

async function* upload() {
  yield { part: { case: "header" as const, value: { name: `${crypto.randomUUID()}.csv` } } };
  yield { part: { case: "chunk" as const, value: Buffer.from("id\n1\n") } };
}

const destination = (host: string) => ({ connector: "postgresql", host, port: 5432 });

async function createSource(mesh: Mesh, owner: Principal) {
  const { file } = await mesh.client(FileService, owner).uploadFile(upload());
  const source = {
    displayName: crypto.randomUUID(),
    connector: "file",
    settings: { fileId: file?.fileId ?? "" },
  };
  return (await mesh.client(SourceService, owner).createSource({ source })).source;
}

/** A key that an update can narrow in every field, of a platform administrator of the owner's organisation. */
async function createKey(mesh: Mesh, owner: Principal) {
  const user = await createUser(mesh, owner);
  const caller = principal({
    orgId: owner.orgId,
    userId: user?.userId ?? "",
    roles: ["admin", "platform-admin"],
  });
  const apiKey = {
    displayName: "key",
    permissions: ["principals.delegate", "sources.read"],
    delegateOrgIds: [owner.orgId, await createOrg(mesh)],
  };
  return (await mesh.client(ApiKeyService, caller).createApiKey({ apiKey })).apiKey;
}

async function registerModel(mesh: Mesh, owner: Principal) {
  const { file } = await mesh.client(FileService, owner).uploadFile(upload());
  const { modelVersion } = await mesh.client(ModelService, owner).registerModelVersion({
    modelName: `model-${crypto.randomUUID()}`,
    files: [{ path: "weights", fileId: file?.fileId ?? "" }],
  });
  return modelVersion;
}

type Subject = {
  /** Fields that identify the resource beside the first one. */
  readonly keys?: readonly string[];
  /** Further fields that can be changed, but not beside all the others. */
  readonly apart?: readonly string[];
  /** A new resource, as the update would answer it. */
  readonly make: (mesh: Mesh, owner: Principal) => Promise<Message | undefined>;
  /** Who changes it. Default: the owner. */
  readonly caller?: (owner: Principal, resource: Message) => Principal;
  /** Another value of each writable field. */
  readonly changes: (owner: Principal) => Readonly<Record<string, unknown>>;
};

/** By the full name of the method. */
export const subjects: Readonly<Record<string, Subject>> = {
  "sluice.identity.v1.OrgService.UpdateOrg": {
    make: (mesh, owner) =>
      mesh
        .client(OrgService, owner)
        .getOrg({ orgId: owner.orgId })
        .then(({ org }) => org),
    changes: () => ({ display_name: crypto.randomUUID() }),
  },
  "sluice.identity.v1.UserService.UpdateUser": {
    make: createUser,
    changes: () => ({
      display_name: crypto.randomUUID(),
      roles: ["editor"],
      groups: ["curators"],
      active: false,
    }),
  },
  "sluice.identity.v1.UserService.UpdateMe": {
    make: createUser,
    caller: ({ orgId }, user) => principal({ orgId, userId: (user as User).userId }),
    changes: () => ({ display_name: crypto.randomUUID() }),
  },
  "sluice.identity.v1.ApiKeyService.UpdateApiKey": {
    make: createKey,
    // A key that speaks for organisations has none: update-api-key.test.ts changes them.
    apart: ["namespaces"],
    changes: ({ orgId }) => ({
      display_name: crypto.randomUUID(),
      expire_time: { seconds: 4_102_444_800n },
      permissions: ["principals.delegate"],
      delegate_org_ids: [orgId],
      default_org_id: orgId,
    }),
  },
  "sluice.identity.v1.NamespaceService.UpdateNamespace": {
    make: async (mesh, owner) => {
      const namespace = { name: crypto.randomUUID() };
      return (await mesh.client(NamespaceService, owner).createNamespace({ namespace })).namespace;
    },
    changes: () => ({ display_name: "Another", description: "Another purpose", properties: { unit: "lab" } }),
  },
  "sluice.identity.v1.SecretService.UpdateSecret": {
    make: async (mesh, owner) => {
      const secret = { name: crypto.randomUUID(), value: "v", destinations: [destination("a.example.org")] };
      return (await mesh.client(SecretService, owner).putSecret(secret)).secret;
    },
    changes: () => ({ destinations: [destination("b.example.org")] }),
  },
  "sluice.orchestration.v1.SourceService.UpdateSource": {
    make: (mesh, owner) => createSource(mesh, owner),
    changes: () => ({ display_name: crypto.randomUUID(), settings: { fileId: crypto.randomUUID() } }),
  },
  "sluice.orchestration.v1.CatalogService.UpdateTable": {
    make: async (mesh, owner) => {
      const sourceId = (await createSource(mesh, owner))?.sourceId ?? "";
      const client = mesh.client(CatalogService, owner);
      const tableId = (await client.discover({ sourceId })).added[0]?.tableId ?? "";
      return (await client.updateTable({ table: { tableId, description: "Orders" } })).table;
    },
    changes: () => ({
      description: "One row per order",
      tags: ["raw"],
      owner: "sales",
      properties: { unit: "lab" },
      column_annotations: { id: { description: "The number", tags: ["key"], piiClass: PiiClass.DIRECT } },
    }),
  },
  "sluice.storage.v1.FileService.UpdateFile": {
    make: (mesh, owner) =>
      mesh
        .client(FileService, owner)
        .uploadFile(upload())
        .then(({ file }) => file),
    changes: () => ({
      name: "renamed.csv",
      content_type: "text/plain",
      folder: "a/",
      kind: FileKind.DATA_SOURCE,
      tags: ["raw"],
      properties: { unit: "lab" },
    }),
  },
  "sluice.storage.v1.ModelService.UpdateModel": {
    make: async (mesh, owner) => {
      const model = (await registerModel(mesh, owner))?.modelId ?? "";
      return (await mesh.client(ModelService, owner).getModel({ model })).model;
    },
    changes: () => ({ display_name: "Another", description: "Another purpose", tags: { unit: "lab" } }),
  },
  "sluice.storage.v1.ModelService.UpdateModelVersion": {
    keys: ["version"],
    make: registerModel,
    changes: () => ({
      description: "Another purpose",
      card: "# Another",
      metrics: { auc: 0.5 },
      tags: { unit: "lab" },
    }),
  },
  "sluice.approval.v1.ProjectService.UpdateProject": {
    make: async (mesh, owner) => {
      const project = {
        displayName: crypto.randomUUID(),
        sourceId: (await createSource(mesh, owner))?.sourceId ?? "",
        tables: [{ name: "orders" }],
        destination: filestore("warehouse"),
      };
      return (await mesh.client(ProjectService, owner).createProject({ project })).project;
    },
    changes: () => ({
      display_name: crypto.randomUUID(),
      tables: [{ name: "other" }],
      destination: filestore("elsewhere"),
      policy: { approvalsRequired: 3 },
    }),
  },
};

function filestore(name: string) {
  return { kind: { case: "filestore" as const, value: { name, format: Format.PARQUET } } };
}
