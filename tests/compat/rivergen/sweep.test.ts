import fc from "fast-check";
import { expect, test } from "vitest";
import type { RawResponse } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { type AnyRequest, pathsBelow, protocols, sweep } from "../any-request.ts";
import { callersIn } from "./fixtures.ts";
import { startRivergen } from "./mesh.ts";
import { absent, time } from "./row.ts";

const mesh = forFile(() => startRivergen());
const callers = forFile(() => callersIn(mesh()));

const statuses = [400, 401, 403, 404, 405, 409, 413, 415, 416, 501];

function expectRefusal({ status, headers, body }: RawResponse, { method }: AnyRequest): void {
  if (status < 400) return;
  expect(statuses).toContain(status);
  if (method === "HEAD") return;
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body)).toEqual({
    error: {
      code: expect.stringMatching(/^[A-Z_]+$/),
      message: expect.any(String),
      details: {
        field: expect.toBeOneOf([null, expect.any(String)]),
        reason: expect.toBeOneOf([null, expect.any(String)]),
      },
      timestamp: time,
    },
  });
  expect(body).not.toMatch(/node_modules|\.[tj]s:|\.sock\b/);
}

const known = (...more: string[]) => [absent, "x", "organizations", "files", ...more];
const parts = [
  {
    at: 0,
    path: fc.oneof(
      pathsBelow("/api/v1/catalog", known("tables", "schemas", "search", "discover", "refresh"), 2),
      pathsBelow("/api/v1/connectors", known("test", "file"), 2),
      pathsBelow("/api/v1/lineage", known("upstream", "downstream"), 2),
      pathsBelow("/api/v1/execute", known("plan"), 1),
    ),
    bodies: [
      `{"data_source_id":"${absent}","query":"select 1"}`,
      '{"query":"x","page":1}',
      '{"settings":{}}',
    ],
  },
  {
    at: 1,
    path: fc.oneof(
      pathsBelow("/api/v1/storage", known("upload", "objects", "metadata", "quota", "usage", "models"), 4),
      pathsBelow("/internal", known("vectors", "search", "cache", "lifecycle", "warm", "cold", "status"), 4),
      pathsBelow("/api/v1/models", known("registry"), 2),
    ),
    bodies: ['{"object_name":"../../x"}', '{"value":{}}', '{"vector":[1e400]}', '{"vectors":[{"id":"a"}]}'],
  },
  {
    at: 2,
    path: pathsBelow("/api/v1/staging/jobs", known("pause", "resume", "chunks", "0"), 3),
    bodies: [`{"data_source_id":"${absent}","tables":["t"]}`],
  },
] as const;

test.each(
  protocols.flatMap(([protocol, sender]) => parts.map((part) => [protocol, part.at, sender, part] as const)),
)(
  "OK: whatever is sent over %s to port %i, by a user or by a service, a refusal is in the envelope",
  async (_, at, sender, { path, bodies }) => {
    const { ann } = callers();
    await sweep({
      path,
      bodies,
      queries: [
        "?page=1",
        "?page=x",
        "?page_size=0",
        "?collection=%22",
        "?expires_seconds=1",
        "?format=mlflow",
      ],
      credentials: [callers().service.authorization],
      port: mesh().ports[at],
      token: ann.authorization.replace("Bearer ", ""),
      send: sender,
      check: expectRefusal,
    });
  },
);
