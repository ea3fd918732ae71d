import { expect, test } from "vitest";
import { http1 } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { problemsOf } from "../../openapi/lint.ts";
import { startCompatMesh } from "../mesh.ts";

const mesh = forFile(() => startCompatMesh());
const get = (path: string) => http1(mesh().port, path);

test("OK: the OpenAPI document is where the gateway has it, and valid", async () => {
  const { status, headers, body } = await get("/api_v1/openapi.json");
  expect([status, headers["content-type"]]).toEqual([200, "application/json"]);
  const document = JSON.parse(body);
  expect(Object.keys(document.paths)).toEqual([
    "/api_v1/auth/access",
    "/api_v1/auth/refresh",
    "/api_v1/users",
    "/api_v1/users/me",
    "/api_v1/users/{id}",
  ]);
  expect(document.components.securitySchemes).toEqual({ authorization: { type: "http", scheme: "bearer" } });
  expect(document.paths["/api_v1/users"].post.security).toEqual([{}, { authorization: [] }]);
  expect(document.paths["/api_v1/auth/refresh"].post).toMatchObject({ security: [{ authorization: [] }] });
  expect(body).not.toContain('"additionalProperties":false');
  expect(await problemsOf(document)).toEqual([]);
  expect((await get("/compat/gateway/openapi.json")).body).toBe(body);
});

test("OK: /redoc describes every operation, and loads and runs nothing", async () => {
  const { status, headers, body } = await get("/redoc");
  expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  for (const name of ["POST /api_v1/auth/access", "PUT /api_v1/users/me", "DELETE /api_v1/users/{id}"]) {
    expect(body).toContain(`<h2><code>${name}</code></h2>`);
  }
  expect(body).toContain("<td>first_name</td><td>body</td><td>string</td>");
  expect(body).not.toMatch(/<script|<link rel="stylesheet"|https?:/);
  expect([...body.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path)).toEqual(["/docs"]);
});

test("OK: /docs is Sluice's page, with links to the gateway's pages, which exist", async () => {
  const { body } = await get("/docs");
  const links = [...body.matchAll(/<a href="([^":]+)">([^<]+)<\/a>/g)].map(([, path, title]) => [
    path,
    title,
  ]);
  const ofGateway = links.filter(([, title]) => title?.startsWith("JWT gateway"));
  expect(ofGateway).toEqual([
    ["compat/gateway/docs", "JWT gateway"],
    ["redoc", "JWT gateway: reference"],
  ]);
  for (const [path] of links) expect((await get(`/${path}`)).status).toBe(200);
  const back = (await get("/compat/gateway/docs")).body;
  expect(back).toContain('<a href="../../docs">Sluice</a>');
});

test("NotFound: an edge that does not serve the gateway has none of its pages", async () => {
  await using without = await startCompatMesh({ COMPAT_APIS: "none" });
  for (const path of ["/api_v1/openapi.json", "/redoc", "/compat/gateway/postman.json"]) {
    const { status, body } = await http1(without.port, path);
    expect([status, JSON.parse(body).error.status]).toEqual([404, "NOT_FOUND"]);
  }
});
