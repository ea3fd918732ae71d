import { randomUUID } from "node:crypto";
import {
  FilestoreDestination_Format as Format,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService } from "../../gen/sluice/storage/v1/models_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { VectorService } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Mesh } from "./mesh.ts";
import { lineageEvent, type Things, upload, uploadVersion } from "./things.ts";

type Creation = (mesh: Mesh, who: Principal, named: Things) => Promise<unknown>;

const of = (named: Things, key: string) => named[key] ?? "";

/** Calls that add something to the named namespace, or from things in it: their requests have more to them than names. */
export const creationsIn: Readonly<Record<string, Creation>> = {
  CreateGrant: (mesh, who, named) =>
    mesh.client(GrantService, who).createGrant({
      grant: {
        grantee: { case: "group", value: "analysts" },
        role: "viewer",
        namespace: of(named, "namespace"),
      },
    }),
  UploadFile: (mesh, who, named) => mesh.client(FileService, who).uploadFile(upload(of(named, "namespace"))),
  CreateUploadUrl: (mesh, who, named) =>
    mesh
      .client(SignedUrlService, who)
      .createUploadUrl({ name: "uploaded.csv", namespace: of(named, "namespace") }),
  RegisterModelVersion: (mesh, who, named) =>
    mesh.client(ModelService, who).registerModelVersion({
      modelName: "another-model",
      namespace: of(named, "namespace"),
      files: [{ path: "weights", fileId: of(named, "file_id") }],
    }),
  CreateCollection: (mesh, who, named) =>
    mesh.client(VectorService, who).createCollection({
      collection: { name: "another collection", dimension: 2, namespace: of(named, "namespace") },
    }),
  RestoreCollection: async (mesh, who, named) => {
    const vectors = mesh.client(VectorService, who);
    const { fileId } = await vectors.snapshotCollection({ collectionId: of(named, "collection_id") });
    const collection = { name: "restored", dimension: 2, namespace: of(named, "namespace") };
    return vectors.restoreCollection({ fileId, collection });
  },
  "UploadFile of a version": (mesh, who, named) =>
    mesh.client(FileService, who).uploadFile(uploadVersion(of(named, "file_id"))),
  CreateSource: (mesh, who, named) =>
    mesh.client(SourceService, who).createSource({
      source: {
        displayName: "another source",
        connector: "file",
        settings: { fileId: of(named, "file_id") },
        namespace: of(named, "namespace"),
      },
    }),
  IngestEvent: (mesh, who, named) =>
    mesh.client(LineageService, who).ingestEvent({
      event: { ...lineageEvent, run: { runId: randomUUID() } },
      namespace: of(named, "namespace"),
    }),
  IngestBatch: (mesh, who, named) =>
    mesh.client(LineageService, who).ingestBatch({
      events: [{ ...lineageEvent, run: { runId: randomUUID() } }],
      namespace: of(named, "namespace"),
    }),
  CreateProject: (mesh, who, named) =>
    mesh.client(ProjectService, who).createProject({
      project: {
        displayName: "another project",
        sourceId: of(named, "source_id"),
        tables: [{ name: "orders" }],
        destination: { kind: { case: "filestore", value: { name: "warehouse", format: Format.PARQUET } } },
      },
    }),
  CreateJob: (mesh, who, named) =>
    mesh
      .client(StagingService, who)
      .createJob({ job: { sourceId: of(named, "source_id"), tables: ["orders"] } }),
  Discover: (mesh, who, named) =>
    mesh.client(CatalogService, who).discover({ sourceId: of(named, "source_id") }),
};
