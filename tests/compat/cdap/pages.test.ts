import { expect, test } from "vitest";
import { http1 } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { problemsOf } from "../../openapi/lint.ts";
import { startCompatMesh } from "../mesh.ts";

const mesh = forFile(() => startCompatMesh());

test("OK: the OpenAPI document is valid, and says that errors are text", async () => {
  const { status, body } = await http1(mesh().port, "/compat/cdap/openapi.json");
  expect(status).toBe(200);
  const document = JSON.parse(body);
  expect(await problemsOf(document)).toEqual([]);
  expect(document.components.securitySchemes).toEqual({ authorization: { type: "http", scheme: "bearer" } });
  expect(document.components.responses.internal.content).toEqual({
    "text/plain": { schema: { $ref: "#/components/schemas/Error" } },
  });
  expect(document.components.schemas.Error.type).toBe("string");
});

test("NotFound: an edge that does not serve CDAP's API has none of its paths", async () => {
  await using without = await startCompatMesh({ COMPAT_APIS: "gateway" });
  for (const path of ["/v3/namespaces", "/token", "/compat/cdap/openapi.json"]) {
    const { status, body } = await http1(without.port, path);
    expect([status, JSON.parse(body).error.status]).toEqual([404, "NOT_FOUND"]);
  }
});
