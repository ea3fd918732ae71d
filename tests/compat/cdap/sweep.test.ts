import fc from "fast-check";
import { expect, test } from "vitest";
import { http1, type RawResponse } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { type AnyRequest, pathsBelow, protocols, sweep, unlimited } from "../any-request.ts";
import { startCompatMesh } from "../mesh.ts";
import { logIn } from "./fixtures.ts";

const mesh = forFile(() => startCompatMesh(unlimited));
const token = forFile(async () => logIn(mesh()));

const known = [
  "namespaces",
  "default",
  "preferences",
  "properties",
  "unrecoverable",
  "status",
  "apps",
  "metadata",
  "$-_.+!*'()",
];
const parts = {
  path: fc.oneof(pathsBelow("/v3", known, 4), pathsBelow("/token", known, 1)),
  queries: ["?resolved=true", "?resolved=x", "?namespace=x"],
  bodies: ['{"config":{"a":"b"}}', '[{"appId":"a"}]'],
  credentials: [],
};

const statuses = [400, 401, 403, 404, 405, 409, 501];

function expectRefusal({ status, headers, body }: RawResponse, { method, path }: AnyRequest): void {
  if (status < 400) return;
  expect(statuses).toContain(status);
  if (method === "HEAD") return;
  if (status === 401 && !path.startsWith("/token")) {
    expect(headers["content-type"]).toBe("application/json;charset=UTF-8");
    expect(JSON.parse(body)).toHaveProperty("auth_uri", [expect.stringMatching(/\/token$/)]);
    return;
  }
  expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(body).not.toBe("");
  expect(body).not.toMatch(/^[{[]/);
}

test.each(protocols)(
  "OK: whatever is sent below the paths over %s, a refusal is bare text, or says where to log in",
  async (_, send) => {
    await sweep({ ...parts, port: mesh().port, token: token(), send, check: expectRefusal });
  },
);

test("ResourceExhausted: bodies over the limit are 413, and too many calls 429, in text", async () => {
  await using limited = await startCompatMesh({ RATE_LIMIT_ADDRESS: "4/60" });
  const large = "x".repeat(5 * 1024 * 1024);
  const { status, body } = await http1(mesh().port, "/v3/preferences", {
    method: "PUT",
    headers: { authorization: `Bearer ${token()}` },
    body: large,
  });
  expect([status, body]).toEqual([413, "the body is larger than 4194304 bytes"]);
  const answers = [];
  for (let count = 0; count < 6; count += 1) answers.push(await http1(limited.port, "/v3/namespaces"));
  const refused = answers.find((answer) => answer.status === 429);
  expect(refused?.body).toMatch(/^the address /);
  expect(refused?.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(refused?.headers["retry-after"]).toMatch(/^\d+$/);
});
