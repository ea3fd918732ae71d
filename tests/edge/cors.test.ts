import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../edge/config.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";

const origin = "https://app.example.org";
const other = "https://app.example.org.evil.example";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({
    cors: { allowedOrigins: [origin], allowCredentials: true, maxAgeSeconds: 600 },
    passedHeaders: ["x-tenant"],
  });
});
afterAll(() => edge[Symbol.asyncDispose]());

const corsOf = ({ headers }: RawResponse) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)));

function preflight(path: string, from: string, method = "POST"): Promise<RawResponse> {
  const headers = {
    origin: from,
    "access-control-request-method": method,
    "access-control-request-headers": "authorization,content-type",
  };
  return http1(edge.port, path, { method: "OPTIONS", headers });
}

const rpcPath = "/sluice.test.v1.EchoService/Look";

test.each([
  ["REST", "/test/v1/echo"],
  ["Connect, gRPC-Web", rpcPath],
  ["a path that is not there", "/nowhere"],
])("204: the preflight of %s, for an allowed origin, without a credential", async (_, path) => {
  const answer = await preflight(path, origin);
  expect([answer.status, answer.body]).toEqual([204, ""]);
  const { headers } = answer;
  expect(headers["access-control-allow-origin"]).toBe(origin);
  expect(headers["access-control-allow-credentials"]).toBe("true");
  expect(headers["access-control-max-age"]).toBe("600");
  expect(headers.vary).toBe("Origin");
  expect(String(headers["access-control-allow-methods"]).split(", ").sort()).toEqual([
    "GET",
    "HEAD",
    "PATCH",
    "POST",
  ]);
  const allowed = String(headers["access-control-allow-headers"]).split(", ");
  expect(allowed).toEqual(
    expect.arrayContaining([
      "authorization",
      "x-grpc-web",
      "connect-protocol-version",
      "if-match",
      "x-tenant",
    ]),
  );
  expect(headers["access-control-expose-headers"]).toBeUndefined();
});

test("OK: the preflight of an origin that is not allowed gets no header of CORS", async () => {
  expect(corsOf(await preflight("/test/v1/echo", other))).toEqual({ vary: "Origin" });
  expect(corsOf(await preflight("/test/v1/echo", "null"))).toEqual({ vary: "Origin" });
});

test.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("OK: an allowed origin reads answers and errors of every protocol over %s", async (_, send) => {
  const headers = { origin };
  const json = { ...headers, "content-type": "application/json" };
  const web = { ...headers, "content-type": "application/grpc-web+proto" };
  const empty = Buffer.alloc(5);
  const answers = await Promise.all([
    send(edge.port, "/test/v1/look/x", { headers }),
    send(edge.port, "/test/v1/look/x?nothing=1", { headers }),
    send(edge.port, "/nowhere", { headers }),
    send(edge.port, "/health", { headers }),
    send(edge.port, rpcPath, { method: "POST", headers: json, body: "{}" }),
    send(edge.port, rpcPath, { method: "POST", headers: web, body: empty }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 404, 200, 200, 200]);
  for (const answer of answers) {
    expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    expect(String(answer.headers.vary)).toMatch(/^Origin/);
    const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining([
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "x-request-id",
        "etag",
      ]),
    );
  }
});

test("OK: other origins, and callers without one, get their answers without a header of CORS", async () => {
  const refused = await http1(edge.port, "/test/v1/look/x", { headers: { origin: other } });
  const plain = await http1(edge.port, "/test/v1/look/x");
  for (const answer of [refused, plain]) {
    expect(answer.status).toBe(200);
    expect(Object.keys(corsOf(answer))).toEqual(["vary"]);
  }
});

test("OK: any origin may be allowed, without credentials", async () => {
  const cors = { allowedOrigins: "*", allowCredentials: false, maxAgeSeconds: 1 } as const;
  await using open = await startTestEdge({ cors });
  const answer = await http1(open.port, "/test/v1/look/x", { headers: { origin: other } });
  expect(answer.headers["access-control-allow-origin"]).toBe("*");
  expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
});

test("OK: nothing of CORS by default", async () => {
  await using closed = await startTestEdge();
  const answer = await http1(closed.port, "/test/v1/look/x", { headers: { origin } });
  expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  const asked = { origin, "access-control-request-method": "POST" };
  const options = await http1(closed.port, "/test/v1/echo", { method: "OPTIONS", headers: asked });
  expect([options.status, options.headers.allow]).toEqual([204, "OPTIONS, POST"]);
});

test("OK: HSTS where it is asked for, on every answer", async () => {
  await using secure = await startTestEdge({ hstsMaxAgeSeconds: 300 });
  for (const path of ["/health", "/nowhere", "/test/v1/look/x"]) {
    const { headers } = await http2(secure.port, path);
    expect(headers["strict-transport-security"]).toBe("max-age=300");
  }
  const { headers } = await http1(edge.port, "/health");
  expect(headers["strict-transport-security"]).toBeUndefined();
});

const nowhere = "127.0.0.1:1";
const env = {
  ...serviceAddresses(nowhere),
  mesh_private_key: meshKeys.privateKeys.edge ?? "",
};

test("OK: origins as people list them", () => {
  const settings = { ...env, CORS_ALLOWED_ORIGINS: "https://a.example, http://localhost:3000" };
  expect(parseConfig(settings).cors).toEqual({
    allowedOrigins: ["https://a.example", "http://localhost:3000"],
    allowCredentials: false,
    maxAgeSeconds: 7200,
  });
  expect(parseConfig({ ...env, CORS_ALLOWED_ORIGINS: "*" }).cors?.allowedOrigins).toBe("*");
  expect(parseConfig(env).cors).toBeUndefined();
  expect(parseConfig(env).hstsMaxAgeSeconds).toBeUndefined();
  const secure = { ...env, TLS_CERT_FILE: "/c", TLS_KEY_FILE: "/k" };
  expect(parseConfig(secure).hstsMaxAgeSeconds).toBe(31_536_000);
});

test.each([
  ["https://a.example/"],
  ["a.example"],
  ["https://*.example"],
  ["null"],
  ["*, https://a.example"],
  ["https://A.example"],
])("ConfigError: %s is no list of origins", (origins) => {
  expect(() => parseConfig({ ...env, CORS_ALLOWED_ORIGINS: origins })).toThrow(
    "CORS_ALLOWED_ORIGINS: must be",
  );
});

test("ConfigError: any origin with credentials", () => {
  const settings = { ...env, CORS_ALLOWED_ORIGINS: "*", CORS_ALLOW_CREDENTIALS: "true" };
  expect(() => parseConfig(settings)).toThrow("CORS_ALLOW_CREDENTIALS: can't be true");
});
