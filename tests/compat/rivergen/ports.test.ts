import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { http1 } from "../../edge/lib/raw-http.ts";
import { signToken } from "../../identity/sign-token.ts";
import { forFile } from "../../lib/for-file.ts";
import { freePort } from "../../lib/free-port.ts";
import { startCompatMesh } from "../mesh.ts";
import { bearer, callersIn, native, request, type Sent, send, thingsOf } from "./fixtures.ts";
import { startRivergen } from "./mesh.ts";
import { absent, invalid, problem, unauthenticated } from "./row.ts";

const mesh = forFile(() => startRivergen());
const callers = forFile(() => callersIn(mesh()));
const things = forFile(() => thingsOf(mesh(), callers()));

const json = async (answer: ReturnType<typeof send>) => {
  const { status, body, headers } = await answer;
  return { status, body: JSON.parse(body), headers };
};
const call = (line: string, sent?: Sent) => json(request(mesh(), line, sent));

const nothing = problem("RESOURCE_NOT_FOUND", "there is nothing at this path", { reason: "METHOD_UNKNOWN" });

test("OK: each part is at its port alone, and Sluice's own API where it was", async () => {
  const { ports, port } = mesh();
  const paths = ["/api/v1/connectors", "/api/v1/storage/files", "/api/v1/staging/jobs"];
  for (const [at, own] of ports.entries()) {
    for (const [part, path] of paths.entries()) {
      const { status, body } = await json(send(own, `GET ${path}`));
      expect([path, status, body]).toEqual([
        path,
        part === at ? 401 : 404,
        part === at ? unauthenticated : nothing,
      ]);
    }
  }
  const headers = callers().ann;
  const own = await json(send(port, "GET /api/v1/storage/files", { headers }));
  expect([own.status, Object.keys(own.body)]).toEqual([
    200,
    ["files", "nextPageToken", "totalSize", "totalSizeExceeded", "prefixes"],
  ]);
  const inner = await json(send(port, "GET /internal/cache/known", { headers: callers().service }));
  expect([inner.status, inner.body.error.status]).toEqual([404, "NOT_FOUND"]);
});

test("OK: one port has all parts", async () => {
  const port = await freePort();
  await using one = await startCompatMesh({
    COMPAT_APIS: "rivergen",
    RIVERGEN_PORTS: String(port),
    GATEWAY_REGISTRATION_ORG: undefined,
  });
  expect(one.port).not.toBe(port);
  for (const path of [
    "/api/v1/connectors",
    "/api/v1/storage/files",
    "/internal/cache/k",
    "/api/v1/staging/jobs",
  ]) {
    expect((await json(send(port, `GET ${path}`))).body).toEqual(unauthenticated);
  }
  expect((await json(send(port, "GET /health"))).body.data).toEqual({
    status: "healthy",
    service: "RiverGen",
  });
});

test("OK: health checks of the edge are at every port, where RiverGen has none", async () => {
  const [orchestration, storage, staging] = mesh().ports;
  expect((await json(send(orchestration, "GET /health"))).body.data.status).toBe("healthy");
  for (const port of [storage, staging]) {
    expect((await json(send(port, "GET /health"))).body).toEqual({ status: "SERVING" });
  }
  for (const port of mesh().ports) {
    expect((await json(send(port, "GET /health/ready"))).body.upstreams.compat).toBe("SERVING");
  }
});

test("OK: a path with a slash at its end is a redirect with the query", async () => {
  const { status, headers } = await request(mesh(), "GET /api/v1/storage/files/?page=2");
  expect([status, headers.location]).toEqual([307, "../files?page=2"]);
});

test("OK: signed URLs work at RiverGen's ports without a credential, in ranges, and refuse in its words", async () => {
  const { body } = await call(`GET /api/v1/storage/objects/${things().object}/presigned-url`, {
    headers: callers().ann,
  });
  const [, storage, staging] = mesh().ports;
  for (const port of [storage, staging]) {
    const part = await http1(port, body.data.url, { headers: { range: "bytes=0-6" } });
    expect([part.status, part.body]).toEqual([206, "id,city"]);
  }
  const chunks = await call(`GET /api/v1/staging/jobs/${things().jobId}/chunks`, { headers: callers().ann });
  const [chunk] = chunks.body.data.items;
  const bytes = await http1(staging, chunk.presigned_url);
  expect([bytes.status, bytes.bytes.length]).toEqual([200, chunk.size_bytes]);
  const wrong = await json(send(storage, "GET /api/v1/storage/signed/nonsense"));
  expect([wrong.status, wrong.body.error.code]).toEqual([404, "RESOURCE_NOT_FOUND"]);
});

test("OK: a service of the platform reads files of every user, whole, in parts, or not again", async () => {
  const { object, bobs } = things();
  const { service } = callers();
  const read = (name: string, headers: Record<string, string> = {}, method = "GET") =>
    request(mesh(), `${method} /internal/files/${name}`, { headers: { ...service, ...headers } });
  const whole = await read(bobs);
  expect([whole.status, whole.body, whole.headers["content-type"]]).toEqual([200, "y", "text/plain"]);
  expect((await read(encodeURIComponent(bobs))).body).toBe("y");
  const part = await read(object, { range: "bytes=0-1" });
  expect([part.status, part.body, part.headers["content-range"]]).toEqual([206, "id", "bytes 0-1/268"]);
  const head = await read(object, {}, "HEAD");
  expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "268", ""]);
  const same = await read(object, { "if-none-match": String(head.headers.etag) });
  expect([same.status, same.body]).toEqual([304, ""]);
  const beyond = await read(object, { range: "bytes=999-" });
  expect([beyond.status, JSON.parse(beyond.body)]).toEqual([
    416,
    problem("VALIDATION_ERROR", expect.any(String), { reason: "RANGE_NOT_SATISFIABLE" }),
  ]);
});

test("OK: the headers of a platform name its users; beside a login they are ignored", async () => {
  const { ann, bob, bobId, orgId, key, service } = callers();
  const files = (headers: Record<string, string>) => call("GET /api/v1/storage/files", { headers });
  const names = async (headers: Record<string, string>) =>
    (await files(headers)).body.data.items.map((file: { object_name: string }) => file.object_name);
  expect(await names(service)).toEqual(await names(ann));
  expect(await names({ ...ann, "x-org-id": orgId, "x-user-id": bobId })).toEqual(await names(ann));
  expect(await names({ ...key, "x-org-id": orgId, "x-user-id": bobId })).toEqual(await names(bob));
});

test("PermissionDenied, InvalidArgument: users that a platform may not name, and names that are none", async () => {
  const { key, orgId } = callers();
  const files = (headers: Record<string, string>) =>
    call("GET /api/v1/storage/files", { headers: { ...key, ...headers } });
  const unknown = await files({ "x-org-id": orgId, "x-user-id": absent });
  expect([unknown.status, unknown.body]).toEqual([
    403,
    problem("PERMISSION_DENIED", expect.stringMatching(/x-user-id/i), { reason: "DELEGATE_UNKNOWN" }),
  ]);
  const empty = await files({ "x-org-id": orgId, "x-user-id": "" });
  expect([empty.status, empty.body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
});

test("Unauthenticated: an expired token is told apart from one that is none", async () => {
  const claims = decodeJwt(callers().ann.authorization.replace("Bearer ", ""));
  const seconds = Math.floor(Date.now() / 1000);
  const { database, env } = mesh().mesh;
  const encryptionKey = env("identity").secret_encryption_key ?? "";
  const expired = await signToken(database, encryptionKey, { ...claims, exp: seconds - 60 });
  const { status, body, headers } = await call("GET /api/v1/storage/quota", { headers: bearer(expired) });
  expect([status, body, headers["www-authenticate"]]).toEqual([
    401,
    problem("AUTH_EXPIRED", "the credential is unknown, malformed, expired or revoked", {
      reason: "CREDENTIAL_INVALID",
    }),
    "Bearer",
  ]);
});

test("OK: a job is paused, continued and removed", async () => {
  const { ann: headers } = callers();
  const file = `id\n${Array.from({ length: 200_000 }, (_, at) => at).join("\n")}\n`;
  const { body: stored } = await call("POST /api/v1/storage/upload", {
    headers,
    form: { file, name: "long.csv" },
  });
  const settings = { fileId: stored.data.storage_file_id };
  const source = { displayName: "long", connector: "file", settings };
  const { source: made } = await native(mesh(), "POST /api/v1/sources", { headers, json: { source } });
  const wanted = { data_source_id: made.sourceId, tables: ["long"], chunk_rows: 1000 };
  await call("POST /api/v1/catalog/discover", { headers, json: { data_source_id: made.sourceId } });
  const { body: created } = await call("POST /api/v1/staging/jobs", { headers, json: wanted });
  const job = `/api/v1/staging/jobs/${created.data.job_id}`;
  const paused = await call(`POST ${job}/pause`, { headers });
  expect([paused.status, paused.body.data.status, paused.body.message]).toEqual([
    200,
    "paused",
    "Staging job paused successfully",
  ]);
  const resumed = await call(`POST ${job}/resume`, { headers, json: {} });
  expect([resumed.status, resumed.body.data.status, resumed.body.message]).toEqual([
    200,
    "queued",
    "Staging job resumed successfully",
  ]);
  expect((await call(`DELETE ${job}`, { headers })).status).toBe(200);
});

test("ResourceExhausted: over the quota is 413 and leaves nothing, and the usage is a share of it", async () => {
  const { admin, bob } = callers();
  const usage = async () => (await call("GET /api/v1/storage/usage", { headers: bob })).body.data;
  const { used_bytes: used, file_count: count } = await usage();
  const setLimit = async (limitBytes: string) => {
    const { quota: now } = await native(mesh(), "GET /api/v1/storage/quota", { headers: admin });
    await native(mesh(), "PUT /api/v1/storage/quota", {
      headers: admin,
      json: { quota: { limitBytes, etag: now.etag } },
    });
  };
  await setLimit(String(used + 1000));
  const upload = { headers: bob, form: { file: "x".repeat(1001) } };
  const { status, body } = await call("POST /api/v1/storage/upload", upload);
  expect([status, body]).toEqual([
    413,
    problem("REQUEST_ENTITY_TOO_LARGE", expect.stringContaining("quota"), { reason: "QUOTA_EXCEEDED" }),
  ]);
  expect(await usage()).toMatchObject({
    used_bytes: used,
    file_count: count,
    limit_bytes: used + 1000,
    available_bytes: 1000,
    usage_percentage: Math.round((used / (used + 1000)) * 10_000) / 100,
  });
});

test("InvalidArgument: a JSON body that is none, and one that is too long", async () => {
  const { ann: headers } = callers();
  const search = (body: string) =>
    call("POST /api/v1/catalog/search", {
      headers: { ...headers, "content-type": "application/json" },
      body,
    });
  expect((await search("{")).body).toEqual(
    invalid("body", "is not JSON: unexpected character at position 1"),
  );
  const large = await search(`"${"x".repeat(5 * 1024 * 1024)}"`);
  expect([large.status, large.body]).toEqual([
    413,
    problem("REQUEST_ENTITY_TOO_LARGE", "the body is larger than 4194304 bytes", {
      reason: "REQUEST_TOO_LARGE",
    }),
  ]);
});

test("ResourceExhausted: too many calls are 429 with the time when there may be more", async () => {
  const port = await freePort();
  await using _limited = await startCompatMesh({
    COMPAT_APIS: "rivergen",
    RIVERGEN_PORTS: String(port),
    RATE_LIMIT_ADDRESS: "1/60",
  });
  await send(port, "GET /health");
  const beforeSeconds = Math.floor(Date.now() / 1000);
  const { status, body, headers } = await json(send(port, "GET /api/v1/connectors"));
  expect([status, body]).toEqual([
    429,
    problem("RATE_LIMIT_EXCEEDED", expect.stringMatching(/^the address /), { reason: "RATE_LIMIT_EXCEEDED" }),
  ]);
  const waitSeconds = Number(headers["x-ratelimit-reset"]) - beforeSeconds;
  expect(waitSeconds).toBeGreaterThanOrEqual(Number(headers["retry-after"]));
  expect(waitSeconds).toBeLessThanOrEqual(65);
});
