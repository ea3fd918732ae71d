import { randomUUID } from "node:crypto";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Code, ConnectError, createClient, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { guard } from "../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { logIn, newOrg, newUser, principalOf, startIdentity } from "../identity/fixtures.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { startStorage, upload as storeFile } from "../storage/fixtures.ts";
import { silent, startTestEdge, type TestEdge } from "./lib/test-edge.ts";

const identity = forFile(startIdentity);
const backend = forFile(startBackend);
// Two processes of the edge have nothing in common but identity.
const edges = forFile(async () => {
  await using cleanup = new AsyncDisposableStack();
  const started = [cleanup.use(await startInFront()), cleanup.use(await startInFront())] as const;
  const owned = cleanup.move();
  return Object.assign(started, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
});

const startInFront = (): Promise<TestEdge> => {
  const { address } = backend();
  return startTestEdge({
    services: [ExecutionService, StagingService, FileService],
    upstreams: { identity: identity().address, orchestration: address, staging: address, storage: address },
  });
};

/** Services whose calls last until they are cancelled. `running` are the texts of those. */
async function startBackend() {
  const running = new Set<string>();
  const untilCancelled = async (what: string, { signal }: HandlerContext): Promise<void> => {
    running.add(what);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    running.delete(what);
  };
  const execution = {
    async executeQuery({ sql }, context) {
      await untilCancelled(sql, context);
      throw new ConnectError("cancelled", Code.Canceled);
    },
  } satisfies Partial<ServiceImpl<typeof ExecutionService>>;
  const staging = {
    async *watchJob({ jobId }, context) {
      yield {};
      await untilCancelled(jobId, context);
    },
  } satisfies Partial<ServiceImpl<typeof StagingService>>;
  const files = {
    async *downloadFile({ fileId }, context) {
      yield { contentType: "text/csv", data: Buffer.from("a,b\n") };
      await untilCancelled(fileId, context);
    },
    async uploadFile(requests, context) {
      const cancelled = untilCancelled("upload", context);
      for await (const _ of requests);
      await cancelled;
      throw new ConnectError("cancelled", Code.Canceled);
    },
  } satisfies Partial<ServiceImpl<typeof FileService>>;
  const server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [
      guard(ExecutionService, execution as unknown as ServiceImpl<typeof ExecutionService>),
      guard(StagingService, staging as unknown as ServiceImpl<typeof StagingService>),
      guard(FileService, files as unknown as ServiceImpl<typeof FileService>),
    ],
    verifier: createVerifier(meshKeys.publicKeys),
    log: silent,
  });
  return { ...server, running, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

type Headers = Record<string, string>;

const transports = {
  connect: (edge: TestEdge) => createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1" }),
  grpc: (edge: TestEdge) => createGrpcTransport({ baseUrl: edge.url }),
  grpcWeb: (edge: TestEdge) => createGrpcWebTransport({ baseUrl: edge.url, httpVersion: "2" }),
};
type Protocol = keyof typeof transports;

/** A call that has begun, and its failure. */
type Running = { readonly what: string; readonly failure: Promise<unknown> };

const query = (protocol: Protocol, edge: TestEdge, headers: Headers): Running => {
  const sql = `SELECT '${randomUUID()}'`;
  const client = createClient(ExecutionService, transports[protocol](edge));
  return { what: sql, failure: failureOf(client.executeQuery({ sourceId: randomUUID(), sql }, { headers })) };
};

const watch = (protocol: Protocol, edge: TestEdge, headers: Headers): Running => {
  const jobId = randomUUID();
  const client = createClient(StagingService, transports[protocol](edge));
  const read = async () => {
    for await (const _ of client.watchJob({ jobId }, { headers }));
  };
  return { what: jobId, failure: failureOf(read()) };
};

const upload = (edge: TestEdge, headers: Headers): Running => {
  const client = createClient(FileService, transports.grpc(edge));
  async function* endless() {
    yield { part: { case: "header" as const, value: { name: "a.csv" } } };
    await new Promise(() => undefined);
  }
  return { what: "upload", failure: failureOf(client.uploadFile(endless(), { headers })) };
};

/** A call over REST. Its failure is its status and body, or that the body ended early. */
const rest = (edge: TestEdge, path: string, what: string, headers: Headers): Running => {
  const failure = new Promise((resolve) => {
    get({ host: "127.0.0.1", port: edge.port, path, headers, agent: false }, async (response) => {
      const body = await text(response).catch(() => "ended early");
      resolve({ status: response.statusCode, body });
    }).on("error", () => resolve("no response"));
  });
  return { what, failure };
};

const restWatch = (edge: TestEdge, headers: Headers) => {
  const jobId = randomUUID();
  const path = `/api/v1/staging/jobs/${jobId}:watch`;
  return rest(edge, path, jobId, { ...headers, accept: "application/x-ndjson" });
};

const restDownload = (edge: TestEdge, headers: Headers) => {
  const fileId = randomUUID();
  return rest(edge, `/api/v1/storage/files/${fileId}/content`, fileId, headers);
};

const begun = (calls: readonly Running[]) =>
  expect.poll(() => calls.every(({ what }) => backend().running.has(what)), { timeout: 20_000 }).toBe(true);
const over = (calls: readonly Running[]) =>
  expect.poll(() => calls.some(({ what }) => backend().running.has(what)), { timeout: 20_000 }).toBe(false);

async function newEditor() {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor"] });
  const { accessToken, refreshToken } = await logIn(identity(), { email: user.email });
  const headers = { authorization: `Bearer ${accessToken}` };
  return {
    user,
    headers,
    refreshToken,
    users: identity().client(UserService, admin),
    principal: principalOf(user),
  };
}

const unauthenticated = { code: "Unauthenticated", reason: "CREDENTIAL_INVALID", metadata: {} };

test("Unauthenticated: every call of a user who is deactivated ends, in two edges, and no call of others", async () => {
  const { user, headers, users } = await newEditor();
  const bystander = await newEditor();
  const [one, other] = edges();
  const protocols = Object.keys(transports) as Protocol[];
  const rpcs = protocols.flatMap((protocol, index) => {
    const edge = index % 2 ? one : other;
    return [query(protocol, edge, headers), watch(protocol, edge, headers)];
  });
  const watching = restWatch(one, headers);
  const downloading = restDownload(other, headers);
  const kept = watch("grpc", one, bystander.headers);
  const ended = [...rpcs, watching, downloading];
  await begun([...ended, kept]);
  await users.updateUser({ user: { userId: user.userId, active: false } });

  expect(await Promise.all(rpcs.map(({ failure }) => failure))).toEqual(rpcs.map(() => unauthenticated));
  const { body } = (await watching.failure) as { body: string };
  const [, last = ""] = body.trimEnd().split("\n");
  expect(JSON.parse(last)).toMatchObject({ error: { code: 401, status: "UNAUTHENTICATED" } });
  expect(await downloading.failure).toEqual({ status: 200, body: "ended early" });
  await over(ended);
  expect(backend().running.has(kept.what)).toBe(true);

  await bystander.users.deleteUser({ userId: bystander.user.userId });
  expect(await kept.failure).toEqual(unauthenticated);
});

test("Unauthenticated: a download that the edge sends from storage's folder, in one process with storage", async () => {
  const { user, headers, users, principal } = await newEditor();
  await using storage = await startStorage();
  await using edge = await startTestEdge({
    services: [FileService],
    upstreams: { identity: identity().address, storage: storage.address },
    storageDirectory: storage.directory,
  });
  // More than the sockets between the edge and its reader hold.
  const content = Buffer.alloc(96 * 1024 * 1024, "x");
  const { fileId } = await storeFile(storage, principal, { content });
  const path = `/api/v1/storage/files/${fileId}/content`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: "127.0.0.1", port: edge.port, path, headers, agent: false }, resolve).on("error", reject);
  });
  await users.updateUser({ user: { userId: user.userId, active: false } });
  // The reader takes nothing until the edge has broken off, and logged it.
  await expect.poll(() => edge.log.filter(({ user: caller }) => caller === user.userId)).toHaveLength(1);
  expect(await text(response).catch(() => "ended early")).toBe("ended early");
});

test("PermissionDenied: the call that a user who loses a role may not make any more, and no other", async () => {
  const { user, headers, users, refreshToken } = await newEditor();
  const [one, other] = edges();
  const lost = upload(one, headers);
  const kept = watch("connect", other, headers);
  await begun([lost, kept]);
  await users.updateUser({ user: { userId: user.userId, roles: ["viewer"] } });
  expect(await lost.failure).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: { permission: "storage.files.write" },
  });
  await over([lost]);
  expect(backend().running.has(kept.what)).toBe(true);

  await identity().client(AuthService, undefined).revokeToken({ refreshToken });
  expect(await kept.failure).toEqual(unauthenticated);
});

test("Unauthenticated: the calls of an API key that is revoked, and not those of its user's login", async () => {
  const { headers, principal, refreshToken } = await newEditor();
  const keys = identity().client(ApiKeyService, principal);
  const { secret, apiKey } = await keys.createApiKey({ apiKey: { displayName: "key" } });
  const [one, other] = edges();
  const ofKey = watch("grpcWeb", one, { "x-api-key": secret });
  const ofLogin = watch("grpc", other, headers);
  await begun([ofKey, ofLogin]);
  await keys.revokeApiKey({ apiKeyId: apiKey?.apiKeyId ?? "" });
  expect(await ofKey.failure).toEqual(unauthenticated);
  expect(backend().running.has(ofLogin.what)).toBe(true);
  await identity().client(AuthService, undefined).revokeToken({ refreshToken });
  expect(await ofLogin.failure).toEqual(unauthenticated);
});

test("PermissionDenied: a delegated call whose key no longer speaks for its user, although the key may make it", async () => {
  const { admin, orgId } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor"] });
  const other = await newUser(identity(), admin, { roles: ["editor"] });
  const keys = identity().client(ApiKeyService, identity().root);
  const permissions = ["principals.delegate", "staging.read"];
  const { secret, apiKey } = await keys.createApiKey({
    apiKey: { displayName: "a platform", permissions, delegateOrgIds: [orgId], defaultOrgId: orgId },
  });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  const limit = { permissions, namespaces: [] };
  const platform = identity().client(DelegationService, { ...identity().root, apiKeyId, limit });
  const put = (userId: string) => platform.putExternalId({ kind: "user", externalId: "7", orgId, userId });
  await put(user.userId);
  const [edge] = edges();
  const as = (name: string) => ({ "x-api-key": secret, "x-user-id": name });
  const renamed = watch("grpc", edge, as("7"));
  const kept = watch("grpc", edge, as(other.userId));
  await begun([renamed, kept]);
  await put(other.userId);
  const ended = {
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: { permission: "principals.delegate" },
  };
  expect(await renamed.failure).toEqual(ended);
  expect(backend().running.has(kept.what)).toBe(true);
  await keys.updateApiKey({ apiKey: { apiKeyId, permissions: ["staging.read"] } });
  expect(await kept.failure).toEqual(ended);
});
