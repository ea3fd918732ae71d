import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { startLoad } from "../load.ts";
import { adminEmail, password } from "../mesh.ts";
import { type StoppableMesh, startStoppableMesh } from "../processes.ts";
import { logIn, request } from "./fixtures.ts";

const mesh = forFile(startStoppableMesh);

/** After this time without the outage, no request may fail. */
const recoveryMs = 2_000;

const unavailable = '{"detail":"Service is unavailable"}';
/** The deadline of each request, so that a service that hangs is noticed soon. */
const timeout = { "connect-timeout-ms": "5000" };

type Outage = {
  readonly of: "compat" | "identity";
  begin(mesh: StoppableMesh): Promise<void> | void;
  end(mesh: StoppableMesh): Promise<void> | void;
};

const killed = (of: Outage["of"]): Outage => ({
  of,
  begin: (mesh) => mesh.kill(of),
  end: (mesh) => mesh.start(of),
});
const hanging = (of: Outage["of"]): Outage => ({
  of,
  begin: (mesh) => mesh.signal(of, "SIGSTOP"),
  end: (mesh) => mesh.signal(of, "SIGCONT"),
});

test.each([
  ["compat is killed", killed("compat")],
  ["compat hangs", hanging("compat")],
  ["identity is killed", killed("identity")],
  ["identity hangs", hanging("identity")],
])("Unavailable: %s under load, nothing else is disturbed, and 2 s later all is well", async (_, outage) => {
  const { accessToken } = await logIn(mesh());
  const headers = { authorization: `Bearer ${accessToken}`, ...timeout };
  await using stack = new AsyncDisposableStack();
  const load = stack.use(startLoad(mesh().port, { path: "/api_v1/users/me", headers }));
  // Sluice's own API is disturbed by an outage of its own services only.
  const other = outage.of === "compat" ? { path: "/api/v1/users/me", headers } : { path: "/openapi.json" };
  const undisturbed = stack.use(startLoad(mesh().port, other, 2));
  await load.next(200);
  await outage.begin(mesh());
  expect((await load.next(503)).body).toBe(unavailable);
  const login = { json: { email: adminEmail, password }, headers: timeout };
  const { status, body } = await request(mesh(), "POST /api_v1/auth/access", login);
  expect([status, JSON.stringify(body)]).toEqual([503, unavailable]);
  await outage.end(mesh());
  const recoveredMs = Date.now() + recoveryMs;
  await load.next(200, recoveredMs);
  await Promise.all([1, 2, 3, 4].map(() => load.next(200, recoveredMs + 1)));
  const after = await request(mesh(), "POST /api_v1/auth/access", { json: { email: adminEmail, password } });
  expect(after.status).toBe(200);
  await stack.disposeAsync();
  expect(new Set(load.answers.map((answer) => answer.status))).toEqual(new Set([200, 503]));
  expect(load.answers.filter(({ sentMs, status }) => sentMs >= recoveredMs && status !== 200)).toEqual([]);
  expect(undisturbed.answers.filter((answer) => answer.status !== 200)).toEqual([]);
});
