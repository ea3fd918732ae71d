import { expect, test } from "vitest";
import { startOnFolder } from "../../e2e/mesh-process.ts";
import { http1 } from "../../edge/lib/raw-http.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { password, startCompatMesh } from "../mesh.ts";
import { logIn, request } from "./fixtures.ts";

const reset = { CDAP_UNRECOVERABLE_RESET: "true" };
const unknown = { status: 404, body: "'namespace:doomed' was not found." };

test("OK: where reset is enabled, a namespace is deleted with its content, and its name is free again", async () => {
  await using folder = await temporaryFolder();
  await using process = await startOnFolder(folder.path, password, reset);
  const mesh = { port: Number(new URL(process.url).port) };
  const token = await logIn(mesh);
  const send = (line: string) => request(mesh, line, { token });
  await send("PUT /v3/namespaces/doomed");
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
  const uploaded = await http1(mesh.port, "/api/v1/storage/files?namespace=doomed&name=a.csv", {
    method: "POST",
    headers,
    body: "a\n1\n",
  });
  expect([uploaded.status, JSON.parse(uploaded.body)]).toMatchObject([
    201,
    { file: { namespace: "doomed" } },
  ]);
  expect(await send("DELETE /v3/unrecoverable/namespaces/doomed")).toMatchObject({ status: 200, body: "" });
  expect(await send("GET /v3/namespaces/doomed")).toMatchObject(unknown);
  expect(await send("DELETE /v3/unrecoverable/namespaces/doomed")).toMatchObject(unknown);
  await expect
    .poll(async () => (await send("PUT /v3/namespaces/doomed")).body, { timeout: 60_000, interval: 200 })
    .toBe("Namespace 'doomed' created successfully.");
  const left = await http1(mesh.port, "/api/v1/storage/files?namespace=doomed", { headers });
  expect(JSON.parse(left.body).files).toEqual([]);
  expect(await send("DELETE /v3/unrecoverable/namespaces/default")).toMatchObject({
    status: 409,
    body: "Namespace 'default' cannot be deleted. 'default' is a reserved namespace.",
  });
});

test("OK: while a service that could have content is away, the namespace is gone for all, and its name is taken", async () => {
  await using mesh = await startCompatMesh(reset);
  const token = await logIn(mesh);
  const send = (line: string) => request(mesh, line, { token });
  await send("PUT /v3/namespaces/doomed");
  expect(await send("DELETE /v3/unrecoverable/namespaces/doomed")).toMatchObject({ status: 200, body: "" });
  expect(await send("GET /v3/namespaces/doomed")).toMatchObject(unknown);
  expect(await send("PUT /v3/namespaces/doomed/properties")).toMatchObject(unknown);
  expect(await send("DELETE /v3/unrecoverable/namespaces/doomed")).toMatchObject(unknown);
  expect(await send("GET /v3/namespaces")).toMatchObject({ body: [{ name: "default" }] });
  expect(await send("PUT /v3/namespaces/doomed")).toMatchObject({
    status: 409,
    body: "Namespace 'doomed' is being deleted.",
  });
});
