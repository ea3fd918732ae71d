import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { fullName } from "../lib/contracts.ts";
import { type Mesh, startMesh } from "./mesh.ts";
import { aimsOf, isFilter, keyOf } from "./naming.ts";
import {
  aiming,
  answerOf,
  comparable,
  deletionsLast,
  everythingThat,
  expectAllowed,
  invented,
  placing,
  type Responses,
  refusalOf,
  rowsOf,
  seenIn,
} from "./sweep.ts";
import { createOrg, createThings, type Things } from "./things.ts";

/** Methods whose requests name things that are never looked up, and why. */
const exempt: Readonly<Record<string, string>> = {
  "sluice.approval.v1.NamespaceContentService.SetNamespaceState":
    "identity does it in any organisation, and nobody else may",
  "sluice.identity.v1.SecretService.PutSecret": "the name becomes the caller's own secret",
  "sluice.identity.v1.AuditService.ExportAuditEvents":
    "what is not there is an empty file: its own tests aim it",
  "sluice.identity.v1.DelegationService.DeleteExternalId":
    "a key removes its own ids, and no role has the permission: its own tests aim it",
  "sluice.identity.v1.DelegationService.PutExternalId":
    "the id becomes the key's own, and no role has the permission: its own tests aim it",
  "sluice.identity.v1.PolicyService.ResolveDelegate":
    "the edge asks it about any key, and refuses users outside of the key's organisations itself",
  "sluice.identity.v1.PolicyService.BindSecrets":
    "orchestration does it for any organisation, and nobody else may",
  "sluice.identity.v1.PolicyService.GetPrincipal":
    "workers ask it about any organisation, and nobody else may",
  "sluice.identity.v1.UserService.CreateUser": "its request has more to it than names: its own tests aim it",
  "sluice.orchestration.v1.CatalogService.GetAiContext": "a search finds nothing: its own tests aim it",
  "sluice.orchestration.v1.CatalogService.SearchCatalog": "a search finds nothing: its own tests aim it",
  "sluice.orchestration.v1.ConnectorService.GetConnector": "connectors are everybody's",
  "sluice.orchestration.v1.ExtractService.CloseSnapshot": "a snapshot that is gone is closed",
  "sluice.orchestration.v1.ExtractService.ExtractChunk": "a snapshot that is not there is said to be gone",
  "sluice.orchestration.v1.ExtractService.PlanChunks":
    "its request has more to it than names: its own tests aim it",
  "sluice.orchestration.v1.ExtractService.RenewSnapshot": "a snapshot that is not there is said to be gone",
  "sluice.orchestration.v1.LineageService.FindEntities":
    "the namespace and the name are OpenLineage's, and what nobody recorded is an empty list: its own tests aim it",
  "sluice.orchestration.v1.LineageService.IngestBatch":
    "its request has more to it than names: foreign-namespaces.test.ts aims it",
  "sluice.orchestration.v1.LineageService.IngestEvent":
    "its request has more to it than names: foreign-namespaces.test.ts aims it",
  "sluice.orchestration.v1.LineageService.RecordLineage":
    "staging and approval name the namespace of what they found",
  "sluice.orchestration.v1.NamespaceContentService.SetNamespaceState":
    "identity does it in any organisation, and nobody else may",
  "sluice.staging.v1.NamespaceContentService.SetNamespaceState":
    "identity does it in any organisation, and nobody else may",
  "sluice.storage.v1.ArchiveService.DownloadArchive":
    "its request has more to it than names: its own tests aim it",
  "sluice.storage.v1.BlobService.DeleteBlobs": "an owner without blobs has none to remove",
  "sluice.storage.v1.BlobService.SignBlobs": "its request has more to it than names: its own tests aim it",
  "sluice.storage.v1.FileService.UploadFile":
    "its request has more to it than names: foreign-namespaces.test.ts aims it",
  "sluice.storage.v1.FileService.ReadSigned": "whoever has a signed URL may read it",
  "sluice.storage.v1.ModelService.RegisterModelVersion":
    "its request has more to it than names: foreign-namespaces.test.ts and its own tests aim it",
  ...Object.fromEntries(
    ["Append", "Concatenate", "Delete", "Get"].map((verb) => [
      `sluice.storage.v1.ResumableUploadService.${verb}ResumableUpload${verb === "Concatenate" ? "s" : ""}`,
      "an upload is its user's alone: its own tests aim it",
    ]),
  ),
  "sluice.storage.v1.NamespaceContentService.SetNamespaceState":
    "identity does it in any organisation, and nobody else may",
  "sluice.storage.v1.ScrubService.GetScrub": "scrubs are of the installation, for platform administrators",
  "sluice.storage.v1.ScrubService.ListScrubFindings":
    "scrubs are of the installation, for platform administrators",
  "sluice.storage.v1.SignedUrlService.CreateUploadUrl":
    "its request has more to it than names: foreign-namespaces.test.ts aims it",
  "sluice.storage.v1.SignedUrlService.UploadSigned": "whoever has a signed URL may upload its file",
  ...Object.fromEntries(
    [
      "GetCacheEntry",
      "SetCacheEntry",
      "IncrementCacheEntry",
      "LeaseCacheEntry",
      "ReturnCacheLease",
      "DeleteCacheEntry",
    ]
      .concat("DeleteCacheEntries")
      .map((name) => [
        `sluice.storage.v1.CacheService.${name}`,
        "a key is the caller's own: cache-namespaces.test.ts aims it",
      ]),
  ),
  ...Object.fromEntries(
    ["LeaseResult", "SetResult", "ReturnResultLease"].map((name) => [
      `sluice.storage.v1.ResultCacheService.${name}`,
      "a key is a hash in the caller's own organisation: lease-result.test.ts aims it",
    ]),
  ),
  "sluice.storage.v1.ReleaseService.PublishRelease": "the id becomes the caller's own release",
  "sluice.storage.v1.ReleaseService.HoldPackageFiles":
    "the id becomes the caller's own package: hold-package-files.test.ts aims the files",
  "sluice.storage.v1.ReleaseService.ReleasePackageFiles": "a package that holds nothing is released",
};

let mesh: Mesh;
let owner: Principal;
let stranger: Principal;
let things: Things;
let before: Responses;

beforeAll(async () => {
  mesh = await startMesh();
  ({ owner, things } = await createThings(mesh));
  stranger = await createOrg(mesh, "stranger");
  before = await everythingThat(mesh, owner, things);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const looking = aiming.filter((method) => !(fullName(method) in exempt));

test("there is a thing for everything that a request names, and no other", () => {
  const keys = looking.flatMap((method) => aimsOf(method).map((path) => keyOf(method, path)));
  expect(Object.keys(things).sort()).toEqual([...new Set(keys)].sort());
});

test("every exempt method is one that names a thing", () => {
  expect(aiming.map(fullName)).toEqual(expect.arrayContaining(Object.keys(exempt)));
});

test("whoever reads what there is to read sees every thing as the owner, and none as a stranger", async () => {
  expect(seenIn(before, things)).toEqual(Object.keys(things));
  expect(seenIn(await everythingThat(mesh, stranger, things), things)).toEqual([]);
});

test.each(rowsOf(looking.filter(isFilter)))(
  "OK: %s finds nothing of another organisation's",
  async (_name, aim) => {
    const { output } = aim.method;
    expect(await answerOf(mesh, aim, stranger, things)).toEqual(create(output));
    expect(await answerOf(mesh, aim, owner, things)).not.toEqual(create(output));
  },
);

test.each(rowsOf(looking.filter((method) => !isFilter(method))))(
  "NotFound: %s of another organisation's, as of what never was",
  async (_name, aim) => {
    const foreign = await refusalOf(mesh, aim, stranger, things);
    expect(foreign.code).toBe(Code.NotFound);
    expect(foreign).toEqual(await refusalOf(mesh, aim, stranger, invented(things)));
  },
);

test.each(rowsOf(placing(looking)))(
  "NotFound: %s of another organisation's in a namespace of one's own, as of what never was",
  async (_name, aim) => {
    const foreign = await refusalOf(mesh, aim, stranger, { ...things, namespace: "default" });
    expect(foreign.code).toBe(Code.NotFound);
    const unknown = { ...invented(things), namespace: "default" };
    expect(foreign).toEqual(await refusalOf(mesh, aim, stranger, unknown));
  },
);

test("nothing of the organisation has changed by all that", async () => {
  expect(comparable(await everythingThat(mesh, owner, things))).toEqual(comparable(before));
});

test.each(rowsOf(deletionsLast(looking)))("OK: %s is for the organisation's own", async (_name, aim) => {
  // Another administrator, who can review what the owner made.
  await expectAllowed(mesh, aim, { ...owner, userId: randomUUID() }, things);
});
