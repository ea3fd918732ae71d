import { randomUUID } from "node:crypto";
import {
  create,
  createRegistry,
  type DescMethod,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { createSigner, type Principal } from "../../services/lib/rpc/principal.ts";
import { accessOf, fullName, serviceMethods } from "../lib/contracts.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { type Mesh, startMesh } from "./mesh.ts";
import { aimsOf, keyOf, requestOf, variablesOf } from "./naming.ts";
import { createThings, type Things } from "./things.ts";

/** Methods whose requests name things that are never looked up, and why. */
const exempt: Readonly<Record<string, string>> = {
  "sluice.identity.v1.SecretService.PutSecret": "the name becomes the caller's own secret",
  "sluice.identity.v1.PolicyService.BindSecrets":
    "orchestration does it for any organisation, and nobody else may",
  "sluice.identity.v1.PolicyService.GetPrincipal":
    "workers ask it about any organisation, and nobody else may",
  "sluice.orchestration.v1.ConnectorService.GetConnector": "connectors are everybody's",
  "sluice.orchestration.v1.ExtractService.CloseSnapshot": "a snapshot that is gone is closed",
  "sluice.orchestration.v1.ExtractService.ExtractChunk": "a snapshot that is not there is said to be gone",
  "sluice.orchestration.v1.ExtractService.PlanChunks":
    "its request has more to it than names: its own tests aim it",
  "sluice.orchestration.v1.ExtractService.RenewSnapshot": "a snapshot that is not there is said to be gone",
  "sluice.storage.v1.BlobService.DeleteBlobs": "an owner without blobs has none to remove",
  "sluice.storage.v1.BlobService.SignBlobs": "its request has more to it than names: its own tests aim it",
  "sluice.storage.v1.FileService.ReadSigned": "whoever has a signed URL may read it",
  "sluice.storage.v1.ReleaseService.PublishRelease": "the id becomes the caller's own release",
};

type Responses = Readonly<Record<string, Message | ConnectError>>;

let mesh: Mesh;
let owner: Principal;
let stranger: Principal;
let things: Things;
let before: Responses;

beforeAll(async () => {
  mesh = await startMesh();
  ({ owner, stranger, things } = await createThings(mesh));
  before = await everythingThat(owner);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const methods = await serviceMethods();
const aiming = methods.filter((method) => aimsOf(method).length > 0);
const looking = aiming.filter((method) => !(fullName(method) in exempt));
const named = (some: DescMethod[]) => some.map((method) => [fullName(method), method] as const);

test("there is a thing for everything that a request names, and no other", () => {
  const keys = looking.flatMap((method) => aimsOf(method).map((path) => keyOf(method, path)));
  expect(Object.keys(things).sort()).toEqual([...new Set(keys)].sort());
});

test("every exempt method is one that names a thing", () => {
  expect(aiming.map(fullName)).toEqual(expect.arrayContaining(Object.keys(exempt)));
});

test("whoever reads what there is to read sees every thing as the owner, and none as a stranger", async () => {
  expect(seenIn(before)).toEqual(Object.keys(things));
  expect(seenIn(await everythingThat(stranger))).toEqual([]);
});

test.each(named(looking.filter(isFilter)))(
  "OK: %s finds nothing of another organisation's",
  async (_name, method) => {
    expect(await answerOf(method, stranger, things)).toEqual(create(method.output));
    expect(await answerOf(method, owner, things)).not.toEqual(create(method.output));
  },
);

test.each(named(looking.filter((method) => !isFilter(method))))(
  "NotFound: %s of another organisation's, as of what never was",
  async (_name, method) => {
    const foreign = await refusalOf(method, things);
    expect(foreign.code).toBe(Code.NotFound);
    const invented = Object.keys(things).map((key) => [key, randomUUID()]);
    expect(foreign).toEqual(await refusalOf(method, Object.fromEntries(invented)));
  },
);

test("nothing of the organisation has changed by all that", async () => {
  expect(comparable(await everythingThat(owner))).toEqual(comparable(before));
});

/** Whether the named thing filters a list, in contrast to a list of the thing's parts. */
function isFilter(method: DescMethod): boolean {
  return method.name.startsWith("List") && variablesOf(method).length === 0;
}

function readsOnly(method: DescMethod): boolean {
  return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** Calls as the edge, or for internal methods as a process that may call. */
async function answerOf(method: DescMethod, who: Principal, named: Things) {
  const allowed = accessOf(method);
  const process = (allowed?.case === "internal" && allowed.value.callers[0]) || "edge";
  const signer = createSigner(process, meshKeys.privateKeys[process] ?? "");
  return mesh.call(method, requestOf(method, named), await signer.assertionFor(who));
}

/** The failure that a stranger gets, without the names in it. */
async function refusalOf(method: DescMethod, named: Things) {
  const error = await answerOf(method, stranger, named).then(
    () => new ConnectError("the call succeeded"),
    (reason: unknown) => ConnectError.from(reason),
  );
  const names = aimsOf(method).map((path) => named[keyOf(method, path)] ?? "");
  const said = [
    error.rawMessage,
    ...error.findDetails(ErrorInfoSchema).map((info) => toJsonString(ErrorInfoSchema, info)),
  ].join("\n");
  return { code: error.code, said: names.reduce((text, name) => text.replaceAll(name, "…"), said) };
}

/** The response or error of every reading method about the things. */
async function everythingThat(who: Principal): Promise<Responses> {
  const reading = methods.filter(readsOnly).map(async (method) => {
    const answer = await answerOf(method, who, things).catch((error: unknown) => ConnectError.from(error));
    return [fullName(method), answer] as const;
  });
  return Object.fromEntries(await Promise.all(reading));
}

const registry = createRegistry(HttpHeadSchema);

/** Responses without signed URLs, which differ each time. */
function comparable(answers: Responses): string[] {
  return methods.flatMap((method) => {
    const answer = answers[fullName(method)];
    if (answer === undefined) return [];
    const text =
      answer instanceof ConnectError ? answer.message : toJsonString(method.output, answer, { registry });
    return [`${fullName(method)} ${text.replaceAll(/"url":"[^"]*"/g, "")}`];
  });
}

/** The things that successful responses contain. */
function seenIn(answers: Responses): string[] {
  const texts = methods.flatMap((method) => {
    const answer = answers[fullName(method)];
    const isMessage = answer !== undefined && !(answer instanceof ConnectError);
    return isMessage ? [Buffer.from(toBinary(method.output, answer)).toString()] : [];
  });
  return Object.keys(things).filter((key) => texts.some((text) => text.includes(things[key] ?? "")));
}
