import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { failureOf } from "../lib/failure-of.ts";
import { type Call, caller, logIn } from "./api.ts";
import { type MeshProcess, startMesh } from "./mesh-process.ts";

const password = "a long first password";

let mesh: MeshProcess;
let key: string;
let apiKeyId: string;
let anybody: Call;
let admin: Call;
beforeAll(async () => {
  mesh = await startMesh("one process", password);
  anybody = caller(mesh.url);
  admin = caller(mesh.url, { authorization: `Bearer ${await logIn(mesh.url, password)}` });
  const { body } = await admin("POST", "/api/v1/api-keys", { apiKey: { displayName: "key" } });
  ({
    secret: key,
    apiKey: { apiKeyId },
  } = JSON.parse(body));
}, 120_000);
afterAll(() => mesh?.[Symbol.asyncDispose]());

const whoAmI = (headers: Record<string, string>) => anybody("GET", "/api/v1/auth/whoami", "", headers);

const transports: Record<string, (baseUrl: string) => Transport> = {
  Connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};

test.each(Object.keys(transports))("OK: a key is a bearer token over %s", async (protocol) => {
  const transport = transports[protocol]?.(mesh.url);
  if (!transport) throw new Error("no transport");
  const auth = createClient(AuthService, transport);
  for (const headers of [{ authorization: `Bearer ${key}` }, { "x-api-key": key }])
    expect(await auth.whoAmI({}, { headers: new Headers(headers) })).toMatchObject({ apiKeyId });
  const keys = createClient(ApiKeyService, transport);
  const call = keys.listApiKeys({}, { headers: { authorization: `Bearer ${key}x` } });
  expect(await failureOf(call)).toMatchObject({ code: "Unauthenticated", reason: "CREDENTIAL_INVALID" });
});

test("OK: a key is a bearer token over REST and in a batch, and tells where it was used from", async () => {
  const headers = { authorization: `Bearer ${key}` };
  expect(JSON.parse((await whoAmI(headers)).body)).toMatchObject({ apiKeyId });
  const requests = [{ method: "GET", path: "/api/v1/auth/whoami" }];
  const batch = await anybody("POST", "/api/v1/batch", { requests }, headers);
  expect(batch.body).toContain(apiKeyId);
  const used = async () =>
    JSON.parse((await admin("GET", `/api/v1/api-keys/${apiKeyId}`)).body).apiKey.lastUseAddress;
  await expect.poll(used).toBe("127.0.0.1");
});

test("OK: OpenLineage's transport sends its key as a bearer token", async () => {
  const event = {
    eventType: "COMPLETE",
    eventTime: "2026-01-01T00:00:00Z",
    run: { runId: "01890000-0000-7000-8000-000000000000" },
    job: { namespace: "elsewhere", name: "load orders" },
    producer: "https://example.org/",
    schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
  };
  const answer = await anybody("POST", "/api/v1/lineage", event, { authorization: `Bearer ${key}` });
  expect(answer.status, answer.body).toBeLessThan(300);
});

test("OK: a narrowed key may do what it names, and a revoked one nothing within five seconds", async () => {
  const made = await admin("POST", "/api/v1/api-keys", {
    apiKey: { displayName: "narrow", permissions: ["users.read"] },
  });
  const { secret, apiKey } = JSON.parse(made.body);
  const call = caller(mesh.url, { authorization: `Bearer ${secret}` });
  expect((await call("GET", "/api/v1/users")).status).toBe(200);
  expect((await call("GET", "/api/v1/api-keys")).status).toBe(403);
  expect((await call("POST", "/api/v1/api-keys", { apiKey: { displayName: "x" } })).status).toBe(403);
  await admin("DELETE", `/api/v1/api-keys/${apiKey.apiKeyId}`);
  const status = async () => (await call("GET", "/api/v1/users")).status;
  await expect.poll(status, { timeout: 6_000, interval: 250 }).toBe(401);
});

test.each<[string, Record<string, string>, number]>([
  ["an unknown key", { authorization: "Bearer sk_unknown" }, 401],
  ["a key that is cut", { authorization: "Bearer sk_" }, 401],
  ["a key of 300 characters", { authorization: `Bearer sk_${"a".repeat(300)}` }, 401],
  ["a key of a megabyte", { "x-api-key": `sk_${"a".repeat(1 << 20)}` }, 431],
  ["an empty key", { "x-api-key": "" }, 401],
  ["SQL", { "x-api-key": "' or 1=1 --" }, 401],
  ["two credentials", { authorization: "Bearer sk_a", "x-api-key": "sk_a" }, 401],
])("%s is refused", async (_title, headers, status) => {
  const answer = await whoAmI(headers);
  expect(answer.status).toBe(status);
  for (const value of Object.values(headers).filter((text) => text.length > 8))
    expect(answer.body).not.toContain(value.replace(/^Bearer /, ""));
});
