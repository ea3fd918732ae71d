import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { create, type DescMessage, type DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { importPKCS8, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMeshKeys } from "../../services/all-in-one/create-mesh-keys.ts";
import { parseConfig as parseApproval } from "../../services/approval/config.ts";
import { run as runApproval } from "../../services/approval/run.ts";
import { parseConfig as parseIdentity } from "../../services/identity/config.ts";
import { run as runIdentity } from "../../services/identity/run.ts";
import type { Env } from "../../services/lib/env.ts";
import { createGrpcTransport } from "../../services/lib/grpc-transport.ts";
import { assertionHeader, createSigner, type Principal } from "../../services/lib/principal.ts";
import { parseConfig as parseOrchestration } from "../../services/orchestration/config.ts";
import { run as runOrchestration } from "../../services/orchestration/run.ts";
import { parseConfig as parseStaging } from "../../services/staging/config.ts";
import { run as runStaging } from "../../services/staging/run.ts";
import { parseConfig as parseStorage } from "../../services/storage/config.ts";
import { run as runStorage } from "../../services/storage/run.ts";
import { accessOf, allMethods, fullName } from "../lib/contracts.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys, principal, startService, temporaryFolder } from "../lib/test-mesh.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const addresses: Record<string, string> = {};

beforeAll(async () => {
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  for (const name of ["identity", "storage", "orchestration", "staging", "approval"]) {
    addresses[name] = `unix:${join(folder.path, `${name}.sock`)}`;
  }
  const env = (name: keyof typeof database.urls): Env => ({
    GRPC_LISTEN: addresses[name],
    IDENTITY_ADDRESS: addresses.identity,
    STORAGE_ADDRESS: addresses.storage,
    ORCHESTRATION_ADDRESS: addresses.orchestration,
    LOG_LEVEL: "silent",
    STORAGE_DIR: join(folder.path, "storage"),
    ORCHESTRATION_DIR: join(folder.path, "orchestration"),
    BOOTSTRAP_ADMIN_PASSWORD: "a long first password",
    database_url: database.urls[name],
    mesh_private_key: meshKeys.privateKeys[name],
    mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
    secret_encryption_key: Buffer.alloc(32, 7).toString("base64"),
    url_signing_key: Buffer.alloc(32, 8).toString("base64"),
  });
  stack.use(await startService(runIdentity, parseIdentity(env("identity"))));
  stack.use(await startService(runStorage, parseStorage(env("storage"))));
  stack.use(await startService(runOrchestration, parseOrchestration(env("orchestration"))));
  stack.use(await startService(runStaging, parseStaging(env("staging"))));
  stack.use(await startService(runApproval, parseApproval(env("approval"))));
});

const methods = (await allMethods()).map((method) => [fullName(method), method] as const);

test.each(methods)("Unauthenticated: %s without an assertion", async (_name, method) => {
  expect(await codeOf(method, undefined)).toBe(Code.Unauthenticated);
});

test.each(methods)("Unauthenticated: %s with an assertion that a stranger signed", async (_name, method) => {
  const stranger = createSigner("edge", createMeshKeys().privateKeys.edge ?? "");
  expect(await codeOf(method, await stranger.assertionFor(principal()))).toBe(Code.Unauthenticated);
});

test.each(methods)("Unauthenticated: %s with an expired assertion", async (_name, method) => {
  expect(await codeOf(method, await expiredAssertion())).toBe(Code.Unauthenticated);
});

const permitted = methods.filter(([, method]) => accessOf(method)?.case === "permission");

test.each(permitted)("PermissionDenied: %s without a role", async (_name, method) => {
  expect(await codeOf(method, await edgeAssertion(principal({ roles: [] })))).toBe(Code.PermissionDenied);
});

const internal = methods.filter(([, method]) => accessOf(method)?.case === "internal");

test.each(internal)("PermissionDenied: %s from a process that may not call it", async (_name, method) => {
  const signer = createSigner("approval", meshKeys.privateKeys.approval ?? "");
  expect(await codeOf(method, await signer.assertionFor(principal()))).toBe(Code.PermissionDenied);
});

const edgeAssertion = (who: Principal) =>
  createSigner("edge", meshKeys.privateKeys.edge ?? "").assertionFor(who);

async function expiredAssertion(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ principal: principal() })
    .setProtectedHeader({ alg: "EdDSA", kid: "edge" })
    .setIssuer("edge")
    .setAudience("sluice-mesh")
    .setIssuedAt(now - 120)
    .setExpirationTime(now - 60)
    .sign(await importPKCS8(meshKeys.privateKeys.edge ?? "", "EdDSA"));
}

/** The code that a call with an otherwise sound request fails with; undefined when it does not. */
async function codeOf(method: DescMethod, assertion: string | undefined): Promise<Code | undefined> {
  const address = addresses[method.parent.typeName.split(".")[1] ?? ""] ?? "";
  using transport = createGrpcTransport({ peer: "the service", address });
  const headers = assertion === undefined ? {} : { [assertionHeader]: assertion };
  const client = createClient(method.parent, transport) as unknown as Record<string, Call>;
  const message = filled(method.input);
  const streamsIn = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  try {
    const answer = client[method.localName]?.(streamsIn ? once(message) : message, { headers });
    if (method.methodKind === "server_streaming")
      for await (const _ of answer as AsyncIterable<object>) break;
    else await answer;
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

type Call = (message: unknown, options: { headers: Record<string, string> }) => unknown;

/** A request whose ids are ids. */
function filled(schema: DescMessage) {
  const ids = schema.fields.filter(({ name }) => name.endsWith("_id") && name !== "request_id");
  return create(schema, Object.fromEntries(ids.map(({ localName }) => [localName, randomUUID()])));
}

async function* once(message: object) {
  yield message;
}
