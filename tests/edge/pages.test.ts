import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import swaggerUi from "swagger-ui-dist/package.json" with { type: "json" };
import { afterAll, beforeAll, expect, test } from "vitest";
import { exposedServices } from "../../edge/contracts.ts";
import type { EdgeServer } from "../../edge/listen/server.ts";
import packageJson from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../lib/test-mesh.ts";
import { startStubMesh } from "../openapi/stub-mesh.ts";
import { http1, http2 } from "./lib/raw-http.ts";

const buf = join(import.meta.dirname, "../../node_modules/.bin/buf");
const assets = `/docs/swagger-ui-${swaggerUi.version}`;

/** Path, media type and cache control of each page. */
const pages = [
  ["/openapi.json", "application/json", "no-cache"],
  ["/openapi.yaml", "application/yaml", "no-cache"],
  ["/descriptors.binpb", "application/x-protobuf", "no-cache"],
  ["/.well-known/sluice", "application/json", "no-cache"],
  ["/docs", "text/html; charset=utf-8", "no-cache"],
  ["/docs/start.js", "text/javascript; charset=utf-8", "no-cache"],
  [`${assets}/swagger-ui.css`, "text/css; charset=utf-8", "public, max-age=31536000, immutable"],
  [`${assets}/swagger-ui-bundle.js`, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
] as const;

let edge: EdgeServer;
let port: number;
beforeAll(async () => {
  edge = await startStubMesh(exposedServices);
  port = Number(new URL(edge.address).port);
});
afterAll(() => edge[Symbol.asyncDispose]());

const read = async (path: string) => Buffer.from(await (await fetch(edge.address + path)).arrayBuffer());

test.each(pages)(
  "200: %s for anybody, with its headers, over HTTP/1.1 and HTTP/2",
  async (path, type, cache) => {
    for (const send of [http1, http2]) {
      const { status, headers, body } = await send(port, path, { headers: { "x-request-id": "page-1" } });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "content-type": type,
        "cache-control": cache,
        etag: expect.stringMatching(/^"[\w-]{43}"$/),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-request-id": "page-1",
      });
      expect(body.length).toBeGreaterThan(0);
    }
  },
);

test.each(pages)("200: HEAD %s is GET without its body", async (path) => {
  const whole = await read(path);
  const { status, headers, body } = await http1(port, path, { method: "HEAD" });
  expect([status, headers["content-length"], body]).toEqual([200, String(whole.byteLength), ""]);
});

test.each(pages)("304: %s for whoever holds it", async (path, type, cache) => {
  const { headers } = await http1(port, path);
  const etag = String(headers.etag);
  for (const held of [etag, `W/${etag}`, `"another", ${etag}`, "*"]) {
    const answer = await http1(port, path, { headers: { "if-none-match": held } });
    expect([answer.status, answer.body, answer.headers.etag]).toEqual([304, "", etag]);
    expect(answer.headers).toMatchObject({ "cache-control": cache, "content-type": type });
  }
  const other = await http1(port, path, { headers: { "if-none-match": '"another"' } });
  expect(other.status).toBe(200);
});

test.each(pages)("204: OPTIONS %s says which methods there are", async (path) => {
  const { status, headers, body } = await http1(port, path, { method: "OPTIONS" });
  expect([status, headers.allow, body]).toEqual([204, "GET, HEAD, OPTIONS", ""]);
});

test.each(pages)("405: %s is not written to", async (path) => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const { status, headers, body } = await http1(port, path, { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 405, status: "UNIMPLEMENTED" } });
  }
});

test.each([
  "/docs//",
  "/docs/index.html",
  `${assets}/package.json`,
  `${assets}/swagger-ui.js`,
  `${assets}/../start.js`,
  `${assets}/..%2f..%2fpackage.json`,
  `${assets}/%2e%2e/%2e%2e/package.json`,
  "/docs/swagger-ui-0.0.0/swagger-ui.css",
  "/docs/start.js/x",
  "/descriptors.binpb.bak",
  "//docs",
])("404: %s is not one of the pages", async (path) => {
  const { status, headers } = await http1(port, path);
  expect([status, headers["content-type"]]).toEqual([404, "application/json"]);
});

test.each(pages)("308: %s/ leads to the page, with what was asked of it", async (path) => {
  for (const send of [http1, http2]) {
    const { status, headers } = await send(port, `${path}/?a=b%20c`);
    expect(status).toBe(308);
    const url = new URL(String(headers.location), `https://proxy.example.org/below${path}/`);
    expect(url.href).toBe(`https://proxy.example.org/below${path}?a=b%20c`);
  }
  expect((await fetch(`${edge.address}${path}/`)).url).toBe(`${edge.address}${path}`);
  expect((await http1(port, `${path}/`, { method: "POST" })).status).toBe(405);
});

test("200: the docs page loads nothing from elsewhere and may not be framed", async () => {
  const { headers, body } = await http1(port, "/docs");
  const policy = Object.fromEntries(
    String(headers["content-security-policy"])
      .split("; ")
      .map((directive) => [directive.split(" ")[0], directive.split(" ").slice(1).join(" ")]),
  );
  expect(policy).toEqual({
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  });
  const loaded = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = ""]) => url);
  const paths = loaded.filter((url) => url !== "data:,").map((url) => new URL(url, `${edge.address}/docs`));
  expect(paths.map(({ origin }) => origin).filter((origin) => origin !== edge.address)).toEqual([]);
  for (const { pathname } of paths) expect((await http1(port, pathname)).status).toBe(200);
});

test("200: /.well-known/sluice says all that a program needs to begin", async () => {
  const about = JSON.parse((await read("/.well-known/sluice")).toString());
  const descriptors = await read("/descriptors.binpb");
  expect(about).toEqual({
    product: "sluice",
    version: packageJson.version,
    apiVersions: ["v1"],
    protocols: ["rest", "connect", "grpc", "grpc-web"],
    services: exposedServices.map(({ typeName }) => typeName).sort(),
    openapi: { json: "/openapi.json", yaml: "/openapi.yaml" },
    docs: "/docs",
    descriptors: {
      url: "/descriptors.binpb",
      sha256: createHash("sha256").update(descriptors).digest("hex"),
    },
  });
});

test.each(["connect", "grpc", "grpcweb"])(
  "OK: buf curl calls a method over %s with nothing but the descriptor set",
  async (protocol) => {
    await using folder = await temporaryFolder();
    const schema = join(folder.path, "mesh.binpb");
    await writeFile(schema, await read("/descriptors.binpb"));
    const options = ["--schema", schema, "--protocol", protocol, "--http2-prior-knowledge"];
    const credential = ["--header", "authorization: Bearer any"];
    const url = `${edge.address}/sluice.identity.v1.UserService/GetMe`;
    const args = ["curl", ...options, ...credential, "--data", "{}", url];
    const { stdout } = await promisify(execFile)(buf, args, { cwd: folder.path });
    expect(JSON.parse(stdout)).toMatchObject({ user: {} });
  },
);
