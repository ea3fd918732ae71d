import { randomUUID } from "node:crypto";
import { create, type DescMethod } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isNamespaced } from "../../services/lib/rpc/permissions.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { accessOf, fullName } from "../lib/contracts.ts";
import { failureOf } from "../lib/failure-of.ts";
import { creationsIn } from "./creations.ts";
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
  methods,
  placing,
  type Responses,
  refusalOf,
  rowsOf,
  seenIn,
} from "./sweep.ts";
import { createNamespace, createThings, type Things } from "./things.ts";

/** Methods whose requests name things that no namespace limits, and why. */
const exempt: Readonly<Record<string, string>> = {
  "sluice.orchestration.v1.CatalogService.GetAiContext": "a search finds nothing: its own tests aim it",
  "sluice.orchestration.v1.CatalogService.SearchCatalog": "a search finds nothing: its own tests aim it",
  "sluice.orchestration.v1.ConnectorService.GetConnector": "connectors are everybody's",
  "sluice.orchestration.v1.LineageService.FindEntities":
    "the namespace is OpenLineage's: its own tests aim it",
  "sluice.orchestration.v1.LineageService.IngestBatch": "creations.ts aims it",
  "sluice.orchestration.v1.LineageService.IngestEvent": "creations.ts aims it",
  "sluice.storage.v1.ArchiveService.DownloadArchive": "its own tests aim it",
  "sluice.storage.v1.SignedUrlService.CreateUploadUrl": "creations.ts aims it",
  "sluice.storage.v1.ModelService.RegisterModelVersion": "creations.ts aims it",
  "sluice.storage.v1.FileService.UploadFile": "creations.ts aims it",
  "sluice.storage.v1.VectorService.RestoreCollection": "creations.ts aims it",
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
  ...Object.fromEntries(
    ["AppendResumableUpload", "ConcatenateResumableUploads", "DeleteResumableUpload", "GetResumableUpload"]
      .concat("ListResumableUploads")
      .map((name) => [
        `sluice.storage.v1.ResumableUploadService.${name}`,
        "an upload is its user's alone: its own tests aim it",
      ]),
  ),
};

/** Things that belong to the organisation as a whole. */
const orgWide = ["org_id", "user_id", "api_key_id", "crash_id", "sluice.identity.v1.SecretService.name"];

let mesh: Mesh;
/** Administrator of the organisation. */
let owner: Principal;
/** Administrator of the namespace of the things, and of no other. Another user, who can review what the owner made. */
let member: Principal;
/** Administrator of another namespace of the same organisation. */
let stranger: Principal;
/** The namespace of the stranger. */
const there = randomUUID();
let things: Things;
let placed: Things;
let before: Responses;

beforeAll(async () => {
  mesh = await startMesh();
  ({ owner, things } = await createThings(mesh));
  placed = Object.fromEntries(Object.entries(things).filter(([key]) => !orgWide.includes(key)));
  await createNamespace(mesh, owner, there);
  const here = { namespace: things.namespace ?? "", roles: ["admin"] };
  member = { orgId: owner.orgId, userId: randomUUID(), roles: [], grants: [here] };
  // Even the same user: rights alone decide.
  stranger = { ...owner, roles: [], grants: [{ namespace: there, roles: ["admin"] }] };
  before = await everythingThat(mesh, owner, things);
});
afterAll(() => mesh[Symbol.asyncDispose]());

/** The permission of a method for which a principal is needed. */
function permissionOf(method: DescMethod): string {
  const allowed = accessOf(method);
  if (allowed?.case === "permission") return allowed.value;
  return allowed?.case === "internal" ? allowed.value.permission : "";
}

const permitted = methods.filter((method) => permissionOf(method) !== "");
const limited = aiming.filter(
  (method) => isNamespaced(permissionOf(method)) && !(fullName(method) in exempt),
);
const ofCrashes = limited.filter((method) =>
  aimsOf(method).some((path) => keyOf(method, path) === "crash_id"),
);
const ofNamespaces = limited.filter((method) => !ofCrashes.includes(method));

test("every exempt method is one that names a thing", () => {
  expect(aiming.map(fullName)).toEqual(expect.arrayContaining(Object.keys(exempt)));
});

test("whoever reads what there is to read sees every thing in one's own namespace, and none from another", async () => {
  expect(seenIn(await everythingThat(mesh, member, things), placed)).toEqual(Object.keys(placed));
  expect(seenIn(await everythingThat(mesh, stranger, things), placed)).toEqual([]);
});

test.each(rowsOf(ofNamespaces.filter(isFilter)))(
  "OK: %s finds nothing of another namespace's",
  async (_name, aim) => {
    const { output } = aim.method;
    expect(await answerOf(mesh, aim, stranger, things)).toEqual(create(output));
    expect(await answerOf(mesh, aim, member, things)).not.toEqual(create(output));
  },
);

/** Lists that are not empty for the stranger. */
const ownLists = ["ListNamespaces", "ListConnectors"];
const lists = permitted.filter(
  (method) => isFilterless(method) && isNamespaced(permissionOf(method)) && !ownLists.includes(method.name),
);

test.each(lists.map((method) => [fullName(method), method] as const))(
  "OK: %s has nothing of another namespace's, also in its total",
  async (_name, method) => {
    const aim = { method, aims: [] };
    expect(await answerOf(mesh, aim, stranger, things)).toEqual(create(method.output));
    expect(await answerOf(mesh, aim, owner, things)).not.toEqual(create(method.output));
  },
);

test.each(rowsOf([...ofNamespaces.filter((method) => !isFilter(method)), ...ofCrashes]))(
  "NotFound: %s of another namespace's, as of what never was",
  async (_name, aim) => {
    const foreign = await refusalOf(mesh, aim, stranger, things);
    expect(foreign.code).toBe(Code.NotFound);
    expect(foreign).toEqual(await refusalOf(mesh, aim, stranger, invented(things)));
  },
);

test.each(rowsOf(placing(ofNamespaces).filter(({ name }) => name.startsWith("Move"))))(
  "NotFound: %s of another namespace's to one's own, as of what never was",
  async (_name, aim) => {
    const foreign = await refusalOf(mesh, aim, stranger, { ...things, namespace: there });
    expect(foreign.code).toBe(Code.NotFound);
    const unknown = { ...invented(things), namespace: there };
    expect(foreign).toEqual(await refusalOf(mesh, aim, stranger, unknown));
  },
);

test.each(rowsOf(permitted.filter((method) => !isNamespaced(permissionOf(method)))))(
  "PermissionDenied: %s concerns the whole organisation",
  async (_name, aim) => {
    expect((await refusalOf(mesh, aim, stranger, things)).code).toBe(Code.PermissionDenied);
  },
);

test.each(Object.entries(creationsIn))(
  "NotFound, InvalidArgument: %s in another's namespace, or from what is in it, as if there were none",
  async (_name, creation) => {
    const failureIn = async (named: Things) => {
      const failure = await failureOf(creation(mesh, stranger, named));
      const said = JSON.stringify(failure);
      return Object.values(named).reduce((text, name) => text.replaceAll(name, "…"), said);
    };
    const foreign = await failureIn(placed);
    expect(foreign).toMatch(/"code":"(NotFound|InvalidArgument)"/);
    expect(foreign).toBe(await failureIn(invented(placed)));
  },
);

test("nothing in the namespace has changed by all that", async () => {
  expect(comparable(await everythingThat(mesh, owner, things))).toEqual(comparable(before));
});

test.each(Object.entries(creationsIn))("OK: %s in one's own namespace", async (_name, creation) => {
  await creation(mesh, member, placed);
});

test.each(rowsOf(deletionsLast(ofNamespaces)))("OK: %s in one's own namespace", async (_name, aim) => {
  await expectAllowed(mesh, aim, member, things);
});

/** Whether a method is a list that needs to name nothing. */
function isFilterless(method: DescMethod): boolean {
  return method.name.startsWith("List") && (aimsOf(method).length === 0 || isFilter(method));
}
