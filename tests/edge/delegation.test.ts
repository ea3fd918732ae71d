import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport as createConnectGrpcTransport,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { BatchService } from "../../gen/sluice/edge/v1/batch_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { newDelegatingKey } from "../identity/delegation-scene.ts";
import { newOrg, newUser, principalOf, startIdentity } from "../identity/fixtures.ts";
import { forFile } from "../lib/for-file.ts";
import { clockedLimiter, rateLimits } from "./lib/admission.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { startTestEdge } from "./lib/test-edge.ts";

const identity = forFile(startIdentity);
const edge = forFile(() =>
  startTestEdge({
    services: [ApiKeyService, AuthService, BatchService, DelegationService, OrgService],
    upstreams: { identity: identity().address },
    // With limits, the edge looks the principal up before it asks identity.
    admission: { limiter: clockedLimiter().limiter, limits: rateLimits() },
  }),
);
/** An organisation that the platform calls 1, with a user that it calls 7, and another one. */
const scene = forFile(async () => {
  const { orgId, admin, user: first } = await newOrg(identity());
  const { orgId: otherOrgId, user: otherUser } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor"] });
  const key = await newDelegatingKey(identity(), { orgIds: [orgId], defaultOrgId: orgId });
  const platform = identity().client(DelegationService, key.who);
  await platform.putExternalId({ kind: "org", externalId: "1", orgId });
  await platform.putExternalId({ kind: "user", externalId: "7", orgId, userId: user.userId });
  const { secret: ordinary } = await identity()
    .client(ApiKeyService, principalOf(first))
    .createApiKey({ apiKey: { displayName: "an ordinary key" } });
  const keyHeaders = { "x-api-key": key.secret };
  return { orgId, user, first, otherOrgId, otherUser, key, ordinary, keyHeaders };
});

const delegated = { "x-org-id": "1", "x-user-id": "7" };
const unknown = (name: string) => `/api/v1/auth/whoami?${name}`;

async function whoAmI(headers: Record<string, string>, send = http1) {
  const { status, body } = await send(edge().port, "/api/v1/auth/whoami", { headers });
  return { status, ...JSON.parse(body) };
}

const protocols: Record<string, () => Transport> = {
  "Connect JSON over HTTP/1.1": () =>
    createConnectTransport({ baseUrl: edge().url, httpVersion: "1.1", useBinaryFormat: false }),
  "Connect over HTTP/2": () => createConnectTransport({ baseUrl: edge().url, httpVersion: "2" }),
  "Connect GET": () => createConnectTransport({ baseUrl: edge().url, httpVersion: "1.1", useHttpGet: true }),
  "gRPC-Web": () => createGrpcWebTransport({ baseUrl: edge().url, httpVersion: "1.1" }),
  gRPC: () => createConnectGrpcTransport({ baseUrl: edge().url }),
};

describe.each(Object.keys(protocols))("%s", (name) => {
  const client = () => createClient(EchoService, (protocols[name] as () => Transport)());
  const auth = () => createClient(AuthService, (protocols[name] as () => Transport)());

  test("OK: a delegated call runs as the user, with its rights", async () => {
    const { orgId, user, key, keyHeaders } = scene();
    const headers = { ...keyHeaders, ...delegated };
    const { metadata } = await client().echo({ text: "x" }, { headers });
    expect(metadata).toMatchObject({ "x-org-id": orgId, "x-user-id": user.userId });
    expect(await auth().whoAmI({}, { headers })).toMatchObject({
      orgId,
      userId: user.userId,
      apiKeyId: "",
      roles: ["editor"],
      delegateUserId: identity().root.userId,
      delegateApiKeyId: key.apiKeyId,
    });
  });

  test("PermissionDenied: an unknown organisation and an unknown user, which the error names", async () => {
    for (const [header, named] of [
      ["X-Org-ID", { "x-org-id": "2", "x-user-id": "7" }],
      ["X-User-ID", { "x-org-id": "1", "x-user-id": "8" }],
    ] as const) {
      const headers = { ...scene().keyHeaders, ...named };
      const error = await client()
        .echo({}, { headers })
        .then(() => undefined, ConnectError.from);
      const details = error
        ?.findDetails(ErrorInfoSchema)
        .map(({ reason, metadata }) => ({ reason, metadata }));
      expect([error?.code, error?.rawMessage.split(":")[0], details]).toEqual([
        Code.PermissionDenied,
        header,
        [{ reason: "DELEGATE_UNKNOWN", metadata: { header } }],
      ]);
    }
  });
});

test.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)(
  "OK: REST over %s, with ids of Sluice, external ids and the default organisation",
  async (_, send) => {
    const { orgId, user, keyHeaders } = scene();
    for (const named of [delegated, { "x-user-id": "7" }, { "x-org-id": orgId, "x-user-id": user.userId }]) {
      const answer = await whoAmI({ ...keyHeaders, ...named }, send);
      expect(answer).toMatchObject({ status: 200, orgId, userId: user.userId, roles: ["editor"] });
    }
  },
);

test("OK: without a user, the organisation's service principal", async () => {
  const { orgId, user, keyHeaders } = scene();
  const answer = await whoAmI({ ...keyHeaders, "x-org-id": "1" });
  expect(answer).toMatchObject({ status: 200, orgId, roles: ["viewer"] });
  expect(answer.userId).not.toBe(user.userId);
});

test("OK: without both headers, the key is its own, with its one permission", async () => {
  const { keyHeaders, key } = scene();
  expect(await whoAmI(keyHeaders)).toMatchObject({ userId: key.who.userId, apiKeyId: key.apiKeyId });
  const { status } = await http1(edge().port, "/test/v1/echo", { method: "POST", headers: keyHeaders });
  expect(status).toBe(200);
  expect((await http1(edge().port, "/api/v1/orgs", { headers: keyHeaders })).status).toBe(403);
  expect((await http1(edge().port, "/api/v1/external-ids", { headers: keyHeaders })).status).toBe(200);
});

test("OK: the headers are nothing from an ordinary key, a login with the key, and nobody", async () => {
  const { ordinary, first, key, otherOrgId, otherUser } = scene();
  const forged = { "x-org-id": otherOrgId, "x-user-id": otherUser.userId };
  const own = { userId: first.userId, orgId: first.orgId, delegateApiKeyId: "" };
  expect(await whoAmI({ "x-api-key": ordinary, ...forged })).toMatchObject(own);
  for (const odd of ["", "a, b", "x".repeat(300)]) {
    expect(await whoAmI({ "x-api-key": ordinary, "x-org-id": odd, "x-user-id": odd })).toMatchObject(own);
  }
  const { accessToken } = await identity().client(AuthService, undefined).issueToken({ apiKey: key.secret });
  const bearer = { authorization: `Bearer ${accessToken}` };
  expect(await whoAmI({ ...bearer, ...delegated })).toMatchObject({ userId: key.who.userId });
  expect(await whoAmI({ ...delegated })).toMatchObject({ status: 401 });
  const { body } = await http1(edge().port, "/test/v1/look/x", { headers: delegated });
  expect(JSON.parse(body).metadata).not.toHaveProperty("x-org-id");
});

test("PermissionDenied: forged organisations and users", async () => {
  const { keyHeaders, otherOrgId, otherUser, user } = scene();
  for (const named of [
    { "x-org-id": otherOrgId },
    { "x-org-id": otherOrgId, "x-user-id": otherUser.userId },
    { "x-org-id": "1", "x-user-id": otherUser.userId },
    { "x-org-id": identity().root.orgId, "x-user-id": identity().root.userId },
    { "x-org-id": "1'or'1'='1", "x-user-id": user.userId },
    { "x-org-id": "1", "x-user-id": "7';drop/**/table/**/identity.users;--" },
    { "x-org-id": "1", "x-user-id": "me" },
    { "x-org-id": "1", "x-user-id": "*" },
  ]) {
    const { status, error } = await whoAmI({ ...keyHeaders, ...named });
    expect([status, error.details[0].reason]).toEqual([403, "DELEGATE_UNKNOWN"]);
  }
});

test("InvalidArgument: a header that is empty, too long, or not one value", async () => {
  const { keyHeaders } = scene();
  // The answers for valid headers are cached.
  await whoAmI({ ...keyHeaders, "x-user-id": "7" });
  await whoAmI({ ...keyHeaders, ...delegated });
  for (const name of ["x-org-id", "x-user-id"]) {
    for (const value of ["", "1,1", "1, 1", "1 7", "x".repeat(256)]) {
      const { status, error } = await whoAmI({ ...keyHeaders, ...delegated, [name]: value });
      expect([status, error.details[0].fieldViolations[0].field], JSON.stringify(value)).toEqual([400, name]);
    }
  }
});

test("InvalidArgument: a header that comes twice, even with the same value", async () => {
  const { key } = scene();
  for (const twice of [
    "X-User-ID: 7\r\nX-User-ID: 7",
    "X-User-ID: 7\r\nx-user-id: 8",
    "X-Org-ID: 1\r\nX-ORG-ID: 1",
  ]) {
    const socket = connect(edge().port, "127.0.0.1");
    socket.write(
      `GET /api/v1/auth/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: ${key.secret}\r\n${twice}\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
  }
});

test("InvalidArgument: a header of a megabyte", async () => {
  const headers = { ...scene().keyHeaders, "x-org-id": "1", "x-user-id": "7".repeat(1024 * 1024) };
  const refused = await http1(edge().port, unknown("a"), { headers }).then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect([431, "ECONNRESET", "EPIPE"]).toContain(refused);
  expect(await whoAmI({ ...scene().keyHeaders, ...delegated })).toMatchObject({ status: 200 });
});

test("OK: calls of a batch run as the user of the batch", async () => {
  const { keyHeaders, user } = scene();
  const requests = [{ method: "GET", path: "/api/v1/auth/whoami" }];
  const { body } = await http1(edge().port, "/api/v1/batch", {
    method: "POST",
    headers: { ...keyHeaders, ...delegated, "content-type": "application/json" },
    body: JSON.stringify({ requests }),
  });
  expect(JSON.parse(body).responses[0].body).toMatchObject({ userId: user.userId });
});

test("InvalidArgument: a call of a batch names another user", async () => {
  const { keyHeaders, first } = scene();
  for (const name of ["X-User-ID", "x-org-id"]) {
    const headers = { [name]: first.userId };
    const { status, body } = await http1(edge().port, "/api/v1/batch", {
      method: "POST",
      headers: { ...keyHeaders, ...delegated, "content-type": "application/json" },
      body: JSON.stringify({ requests: [{ method: "GET", path: "/api/v1/auth/whoami", headers }] }),
    });
    expect([status, JSON.parse(body).error.message]).toEqual([400, expect.stringContaining(name)]);
  }
});

test("PermissionDenied: a delegated call makes no API key, which would outlive the delegation", async () => {
  const { status, body } = await http1(edge().port, "/api/v1/api-keys", {
    method: "POST",
    headers: { ...scene().keyHeaders, ...delegated, "content-type": "application/json" },
    body: JSON.stringify({ apiKey: { displayName: "mine" } }),
  });
  expect([status, JSON.parse(body).error.details[0].reason]).toEqual([403, "KEY_RIGHTS_EXCEEDED"]);
});

test("OK: the access log names the user and the key that spoke", async () => {
  const { keyHeaders, key, user } = scene();
  await whoAmI({ ...keyHeaders, ...delegated, "x-request-id": "of-the-platform" });
  const line = () => edge().log.find(({ requestId }) => requestId === "of-the-platform");
  await expect.poll(line).toMatchObject({
    user: user.userId,
    delegateUser: key.who.userId,
    delegateApiKey: key.apiKeyId,
  });
});
