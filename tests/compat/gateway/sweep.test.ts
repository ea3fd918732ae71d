import { expect, test } from "vitest";
import { http1, type RawResponse } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { type AnyRequest, pathsBelow, protocols, sweep, unlimited } from "../any-request.ts";
import { startCompatMesh } from "../mesh.ts";
import { logIn } from "./fixtures.ts";

const mesh = forFile(() => startCompatMesh(unlimited));
const token = forFile(async () => logIn(mesh()));

const parts = {
  path: pathsBelow("/api_v1", ["users", "me", "auth", "access", "refresh", "7", "openapi.json"], 4),
  queries: ["?skip=1", "?skip=x", "?limit=-1", "?fields=id", "?id=1"],
  bodies: ['{"email":1}', '{"email":"a@b.c","password":"x","__proto__":1}'],
  credentials: ["Bearer rt_x"],
};

function expectRefusal({ status, headers, body }: RawResponse, { method }: AnyRequest): void {
  if (status < 400 || method === "HEAD") return;
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body)).toEqual({ detail: expect.any(String) });
}

test.each(protocols)(
  "OK: whatever is sent below the path over %s, a refusal is a detail and nothing else",
  async (_, send) => {
    const { accessToken } = token();
    await sweep({ ...parts, port: mesh().port, token: accessToken, send, check: expectRefusal });
  },
);

test("ResourceExhausted: the limits of calls are in these words, too", async () => {
  await using limited = await startCompatMesh({ RATE_LIMIT_ADDRESS: "1/60" });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { status, headers, body } = await http1(limited.port, "/api_v1/users/me");
    statuses.push(status);
    if (status !== 429) continue;
    expect(headers["retry-after"]).toMatch(/^\d+$/);
    expect(JSON.parse(body)).toEqual({ detail: expect.stringContaining("address") });
  }
  expect(statuses).toContain(429);
});
