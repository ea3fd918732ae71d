import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const page = readFileSync(join(import.meta.dirname, "../../../docs/compat.md"), "utf8");

/** RiverGen's endpoints as its platform counts them, and where the form of each comes from. */
const endpoints: readonly (readonly [endpoint: string, form: string])[] = [
  ["GET /", "chosen"],
  ["GET /health", "path documented"],
  ["POST /api/v1/execute", "chosen"],
  ["POST /api/v1/execute/plan", "chosen"],
  ["GET /api/v1/connectors", "chosen"],
  ["GET /api/v1/connectors/{type}", "chosen"],
  ["POST /api/v1/connectors/test", "documented"],
  ["POST /api/v1/catalog/discover", "documented"],
  ["GET /api/v1/catalog/schemas", "chosen"],
  ["GET /api/v1/catalog/tables", "chosen"],
  ["GET /api/v1/catalog/tables/{table_id}", "chosen"],
  ["POST /api/v1/catalog/search", "chosen"],
  ["POST /api/v1/catalog/ai-context", "chosen"],
  ["POST /api/v1/catalog/refresh", "chosen"],
  ["GET /api/v1/lineage/{entity_id}", "chosen"],
  ["GET /api/v1/lineage/{entity_id}/upstream", "chosen"],
  ["GET /api/v1/lineage/{entity_id}/downstream", "chosen"],
  ["POST /api/v1/storage/upload", "documented"],
  ["GET /api/v1/storage/files", "documented"],
  ["GET /api/v1/storage/objects/{object_name}/metadata", "documented"],
  ["GET /api/v1/storage/objects/{object_name}/presigned-url", "documented"],
  ["DELETE /api/v1/storage/objects/{object_name}", "documented"],
  ["GET /api/v1/storage/quota", "documented"],
  ["GET /api/v1/storage/usage", "path documented"],
  ["POST /internal/vectors", "chosen"],
  ["POST /internal/vectors/search", "chosen"],
  ["DELETE /internal/vectors/{id}", "chosen"],
  ["POST /internal/files", "chosen"],
  ["GET /internal/files/{object_name}", "chosen"],
  ["PUT /internal/cache/{key}", "chosen"],
  ["GET /internal/cache/{key}", "chosen"],
  ["DELETE /internal/cache/{key}", "chosen"],
  ["POST /internal/lifecycle/warm", "chosen"],
  ["POST /internal/lifecycle/cold", "chosen"],
  ["GET /internal/lifecycle/status/{object_name}", "chosen"],
  ["POST /api/v1/storage/models", "chosen"],
  ["GET /api/v1/storage/models", "chosen"],
  ["GET /api/v1/storage/models/{model_id}", "chosen"],
  ["DELETE /api/v1/storage/models/{model_id}", "chosen"],
  ["GET /api/v1/models/{model_id}/registry", "documented"],
  ["POST /api/v1/staging/jobs", "path documented"],
  ["GET /api/v1/staging/jobs", "path documented"],
  ["GET /api/v1/staging/jobs/{job_id}", "path documented"],
  ["DELETE /api/v1/staging/jobs/{job_id}", "path documented"],
  ["POST /api/v1/staging/jobs/{job_id}/pause", "path documented"],
  ["POST /api/v1/staging/jobs/{job_id}/resume", "path documented"],
  ["GET /api/v1/staging/jobs/{job_id}/chunks", "path documented"],
  ["GET /api/v1/staging/jobs/{job_id}/chunks/{chunk_id}", "path documented"],
];

const section = page.slice(page.indexOf("## RiverGen"));

/** The rows of the page. Two forms of a path are one endpoint. */
const rows = new Map(
  [...section.matchAll(/^\| `([A-Z]+ \/[^`]*)` *\|[^|]*\|[^|]*\| ([a-z ]+?) *\|$/gm)].map(
    ([, path = "", form = ""]) => [path.replace(/=[^}]*\}/, "}"), form],
  ),
);

test("OK: the page says of every endpoint whether its form is documented or chosen", () => {
  expect([...rows]).toEqual(endpoints);
});

test("OK: they are the platform's 47 and the registry of models", () => {
  expect(endpoints.length).toBe(47 + 1);
});
