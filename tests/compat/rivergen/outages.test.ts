import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { callersIn, request, type Sent, send } from "./fixtures.ts";
import { startRivergen } from "./mesh.ts";
import { problem } from "./row.ts";

const mesh = forFile(() => startRivergen());
const callers = forFile(() => callersIn(mesh()));

/** A call that needs each service, beside identity and compat. */
const lines = {
  orchestration: "GET /api/v1/catalog/tables",
  storage: "GET /api/v1/storage/quota",
  staging: "GET /api/v1/staging/jobs",
} as const;
const all = Object.values(lines);

const call = async (line: string, sent: Sent = { headers: callers().ann }) => {
  const { status, body } = await request(mesh(), line, {
    ...sent,
    headers: { ...sent.headers, "connect-timeout-ms": "3000" },
  });
  return { status, body: JSON.parse(body) };
};
const statuses = async () => Promise.all(all.map(async (line) => (await call(line)).status));
const unavailable = problem("SERVICE_UNAVAILABLE", expect.any(String), {
  reason: expect.toBeOneOf(["UPSTREAM_UNAVAILABLE", "DEADLINE_PASSED"]),
});

test.each(Object.entries(lines) as [keyof typeof lines, string][])(
  "Unavailable: %s is stopped, the other parts are not disturbed, and when it is back all is well",
  async (name, line) => {
    expect(await statuses()).toEqual([200, 200, 200]);
    await mesh().mesh.stop(name);
    const { status, body } = await call(line);
    expect([status, body]).toEqual([503, unavailable]);
    expect(await statuses()).toEqual(all.map((other) => (other === line ? 503 : 200)));
    await mesh().mesh.start(name);
    await expect.poll(statuses, { timeout: 30_000 }).toEqual([200, 200, 200]);
  },
);

test("Unavailable: compat is stopped: every part is away, and Sluice's own API is not", async () => {
  await mesh().mesh.stop("compat");
  const answers = await Promise.all([...all, "GET /health", "GET /"].map((line) => call(line)));
  for (const { status, body } of answers) expect([status, body]).toEqual([503, unavailable]);
  const { ann: headers } = callers();
  expect((await send(mesh().port, "GET /api/v1/storage/quota", { headers })).status).toBe(200);
  await mesh().mesh.start("compat");
  await expect.poll(statuses, { timeout: 30_000 }).toEqual([200, 200, 200]);
});

test("Unavailable: identity is stopped: an unknown credential can't be checked", async () => {
  await mesh().mesh.stop("identity");
  const { status, body } = await call("GET /api/v1/storage/quota", {
    headers: { authorization: "Bearer sk_unknown" },
  });
  expect([status, body]).toEqual([503, unavailable]);
  await mesh().mesh.start("identity");
  await expect.poll(statuses, { timeout: 30_000 }).toEqual([200, 200, 200]);
});

test("OK: an upload whose storage is stopped on the way fails as a whole, and leaves nothing", async () => {
  const { ann: headers } = callers();
  const count = async () => (await call("GET /api/v1/storage/files")).body.data.pagination.total_count;
  const before = await count();
  await mesh().mesh.stop("storage");
  const form = { file: "x".repeat(100_000) };
  const { status, body } = await call("POST /api/v1/storage/upload", { headers, form });
  expect([status, body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  await mesh().mesh.start("storage");
  await expect.poll(statuses, { timeout: 30_000 }).toEqual([200, 200, 200]);
  expect(await count()).toBe(before);
});
