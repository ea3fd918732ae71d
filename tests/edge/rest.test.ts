import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { apiKey, bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const call = (line: string, sent: { headers?: Record<string, string>; body?: string | Buffer } = {}) => {
    const [method = "", path = ""] = line.split(" ");
    return send(edge.port, path, { method, ...sent });
  };
  const errorOf = ({ body }: RawResponse) => JSON.parse(body).error;

  test("OK: answers a unary call on behalf of the verified caller", async () => {
    const answer = await call("POST /test/v1/echo", {
      headers: { ...json, ...bearer },
      body: '{"text":"hello"}',
    });
    const { request, metadata } = JSON.parse(answer.body);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(answer.body)),
      "x-content-type-options": "nosniff",
    });
    expect(request).toEqual({
      text: "hello",
      smallNumber: 0,
      bigNumber: "0",
      colour: "COLOUR_UNSPECIFIED",
      inners: [],
      byName: {},
    });
    expect(metadata).toMatchObject({ "x-org-id": orgId, "x-user-id": userId });
  });

  test("OK: an API key is a credential too", async () => {
    const answer = await call("POST /test/v1/echo", {
      headers: { ...json, "x-api-key": apiKey },
      body: "{}",
    });
    expect([answer.status, JSON.parse(answer.body).metadata["x-user-id"]]).toEqual([200, userId]);
  });

  test("OK: nothing that a caller sends becomes metadata, but a sane request id and trace", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await call("GET /test/v1/look/n", {
      headers: {
        traceparent,
        "x-request-id": "id-1",
        "x-org-id": orgId,
        "x-user-id": userId,
        "x-sluice-assertion": "forged",
        "grpc-metadata-x": "y",
        "x-forwarded-for": "1.2.3.4",
      },
    });
    const { metadata } = JSON.parse(answer.body);
    expect(answer.headers["x-request-id"]).toBe("id-1");
    expect(Object.keys(metadata).sort()).toEqual([
      "traceparent",
      "user-agent",
      "x-request-id",
      "x-sluice-assertion",
      "x-sluice-client-address",
    ]);
    expect(metadata).toMatchObject({
      traceparent,
      "x-request-id": "id-1",
      "x-sluice-client-address": "127.0.0.1",
    });
  });

  test("OK: an odd request id is replaced", async () => {
    const answer = await call("GET /test/v1/look/n", { headers: { "x-request-id": "a b" } });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("OK: a path variable, the contract's status and a header that sets a field", async () => {
    const answer = await call("PATCH /test/v1/items/7?updateMask=displayName", {
      headers: { ...json, ...bearer, "if-match": '"e1"' },
      body: '{"displayName":"x"}',
    });
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.body)).toEqual({
      request: { item: { itemId: "7", displayName: "x", etag: "e1" }, updateMask: "displayName" },
    });
  });

  test("OK: the contract's Cache-Control", async () => {
    expect((await call("GET /test/v1/look/n")).headers["cache-control"]).toBe("no-cache");
  });

  test("OK: HEAD answers as GET without a body", async () => {
    const get = await call("GET /test/v1/look/n");
    const head = await call("HEAD /test/v1/look/n");
    expect(head.status).toBe(200);
    expect(head.body).toBe("");
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
    expect(Number(head.headers["content-length"])).toBeGreaterThan(0);
  });

  test("OK: OPTIONS answers the methods of a path", async () => {
    const answer = await call("OPTIONS /test/v1/look/n");
    expect([answer.status, answer.headers.allow, answer.body]).toEqual([204, "GET, HEAD, OPTIONS", ""]);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("OK: a document comes back byte for byte, with its type", async () => {
    const body = Buffer.from([0, 1, 0xff, 0xfe, 10]);
    const answer = await call("POST /test/v1/mirror", { headers: { "content-type": "image/png" }, body });
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/png"]);
    expect(answer.body).toBe(body.toString());
  });

  test("MethodNotAllowed: names the methods that there are", async () => {
    const answer = await call("DELETE /test/v1/look/n");
    expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
    expect(errorOf(answer)).toEqual({
      code: 405,
      status: "UNIMPLEMENTED",
      message: "the methods of this path are GET, HEAD, OPTIONS",
      details: [],
    });
  });

  test("NotFound: an unknown path, and OPTIONS of one", async () => {
    const answer = await call("GET /test/v1/nothing");
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toEqual({
      code: 404,
      status: "NOT_FOUND",
      message: "there is nothing at this path",
      details: [expect.objectContaining({ reason: "METHOD_UNKNOWN", domain: "sluice" })],
    });
    expect((await call("OPTIONS /test/v1/nothing")).status).toBe(404);
  });

  test("Unauthenticated: without a credential, before the body is looked at", async () => {
    const answer = await call("POST /test/v1/echo", { headers: json, body: "no JSON" });
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    expect(errorOf(answer)).toMatchObject({
      code: 401,
      status: "UNAUTHENTICATED",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "CREDENTIAL_MISSING",
          domain: "sluice",
        },
      ],
    });
  });

  test.each<[string, Record<string, string>]>([
    ["wrong", { authorization: "Bearer wrong" }],
    ["of another scheme", { authorization: "Basic Z29vZA==" }],
    ["given twice", { ...bearer, "x-api-key": apiKey }],
    ["an empty key", { "x-api-key": "" }],
    ["far too long", { authorization: `Bearer ${"x".repeat(10_000)}` }],
  ])("Unauthenticated: a credential that is %s", async (_what, headers) => {
    const answer = await call("POST /test/v1/echo", { headers: { ...json, ...headers }, body: "{}" });
    expect(answer.status).toBe(401);
    expect(errorOf(answer).details[0].reason).toBe("CREDENTIAL_INVALID");
  });

  test("PermissionDenied: is the service's to say", async () => {
    const body = JSON.stringify({ code: 7, reason: ErrorReason.PERMISSION_MISSING, message: "no" });
    const answer = await call("POST /test/v1/fail", { headers: json, body });
    expect([answer.status, errorOf(answer).status]).toEqual([403, "PERMISSION_DENIED"]);
  });

  test("PreconditionFailed: the reason's HTTP status comes before the code's", async () => {
    const body = JSON.stringify({ code: 10, reason: ErrorReason.ETAG_MISMATCH, message: "stale" });
    const answer = await call("POST /test/v1/fail", { headers: json, body });
    expect([answer.status, errorOf(answer).status]).toEqual([412, "ABORTED"]);
  });

  test("Internal: tells the request id and nothing else", async () => {
    const headers = { ...json, "x-request-id": "the-id" };
    const body = '{"unexpected":true,"message":"secret"}';
    const answer = await call("POST /test/v1/fail", { headers, body });
    expect(answer.status).toBe(500);
    expect(errorOf(answer).message).toBe("internal error, request id the-id");
    expect(answer.body).not.toContain("secret");
  });

  test("InvalidArgument: malformed JSON names the body and quotes nothing", async () => {
    const body = '{"text":"my password';
    const answer = await call("POST /test/v1/echo", { headers: { ...json, ...bearer }, body });
    expect(answer.status).toBe(400);
    expect(errorOf(answer).details).toEqual([
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field: "body", description: expect.stringMatching(/^is not JSON/) }],
      },
    ]);
    expect(answer.body).not.toContain("password");
    expect(answer.body).not.toContain(".ts");
  });

  test("InvalidArgument: a bad deadline", async () => {
    const answer = await call("GET /test/v1/look/n", { headers: { "connect-timeout-ms": "soon" } });
    expect([answer.status, errorOf(answer).details[0].fieldViolations[0].field]).toEqual([
      400,
      "Connect-Timeout-Ms",
    ]);
  });

  test("DeadlineExceeded: by either header", async () => {
    for (const headers of [{ "grpc-timeout": "1S" }, { "connect-timeout-ms": "1000" }]) {
      const key = crypto.randomUUID();
      const answer = await call(`GET /test/v1/wait/${key}`, { headers: headers as Record<string, string> });
      expect([answer.status, errorOf(answer).status]).toEqual([504, "DEADLINE_EXCEEDED"]);
      await edge.happenings.cancelled(key);
    }
  });

  test("UnsupportedMediaType: a form where JSON is expected", async () => {
    const headers = { ...bearer, "content-type": "application/x-www-form-urlencoded" };
    const answer = await call("POST /test/v1/echo", { headers, body: "a=b" });
    expect([answer.status, errorOf(answer).message]).toEqual([415, "the body must be application/json"]);
  });

  test("UriTooLong: a URL over 8 KiB", async () => {
    const answer = await call(`GET /test/v1/look/${"x".repeat(9000)}`);
    expect([answer.status, errorOf(answer).code]).toEqual([414, 414]);
  });

  test("NotFound: an internal method has no path", async () => {
    expect((await call("POST /sluice.test.v1.EchoService/Hide", { headers: bearer })).status).toBe(404);
    expect(
      (await call("POST /sluice.identity.v1.PolicyService/VerifyCredential", { headers: bearer })).status,
    ).toBe(404);
  });
});
