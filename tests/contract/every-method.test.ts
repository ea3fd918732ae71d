import { randomUUID } from "node:crypto";
import { create, type DescMessage, type DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { importPKCS8, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMeshKeys } from "../../services/all-in-one/create-mesh-keys.ts";
import { createSigner, type Principal } from "../../services/lib/rpc/principal.ts";
import { accessOf, fullName, serviceMethods } from "../lib/contracts.ts";
import { meshKeys, principal } from "../lib/test-mesh.ts";
import { type Mesh, startMesh } from "./mesh.ts";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh[Symbol.asyncDispose]());

const methods = (await serviceMethods()).map((method) => [fullName(method), method] as const);

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

const refused = methods.flatMap(([name, method]) => {
  const kind = accessOf(method);
  if (kind?.case !== "internal") return [];
  const strangers = Object.keys(meshKeys.privateKeys).filter(
    (process) => !kind.value.callers.includes(process),
  );
  return strangers.map((process) => [name, process, method] as const);
});

test.each(refused)("PermissionDenied: %s from %s, which may not call it", async (_name, process, method) => {
  const signer = createSigner(process, meshKeys.privateKeys[process] ?? "");
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

/** The code of a call with a valid request; undefined if it succeeds. */
async function codeOf(method: DescMethod, assertion: string | undefined): Promise<Code | undefined> {
  try {
    await mesh.call(method, filled(method.input), assertion);
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

/** A request with valid ids. */
function filled(schema: DescMessage) {
  const ids = schema.fields.filter(({ name }) => name.endsWith("_id") && name !== "request_id");
  return create(schema, Object.fromEntries(ids.map(({ localName }) => [localName, randomUUID()])));
}
