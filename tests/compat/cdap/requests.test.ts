import { expect, test } from "vitest";
import { http1 } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { adminEmail, password, startCompatMesh } from "../mesh.ts";
import { basic, knownIn, logIn, request } from "./fixtures.ts";
import { namespaceRows } from "./namespace-rows.ts";
import { otherRows } from "./other-rows.ts";
import { preferenceRows } from "./preference-rows.ts";

const mesh = forFile(() => startCompatMesh());

/** What every row of the table may name. */
const known = forFile(() => knownIn(mesh()));

test.each([...namespaceRows, ...preferenceRows, ...otherRows])(
  "%s: %s",
  async (line, _, sent, status, type, body) => {
    const answer = await request(mesh(), line, sent(known()));
    expect([answer.status, answer.type, answer.body]).toEqual([status, type, body]);
  },
);

test("OK: a generation is the time of creation in milliseconds, and a number", async () => {
  const token = known().admin;
  const beforeMs = Date.now();
  await request(mesh(), "PUT /v3/namespaces/timed", { token });
  const { body } = await request(mesh(), "GET /v3/namespaces/timed", { token });
  const { generation } = body as { generation: number };
  expect(Number.isInteger(generation)).toBe(true);
  // The database has its own clock, which is the same on one machine, and finer.
  expect(generation).toBeGreaterThanOrEqual(beforeMs - 1);
  expect(generation).toBeLessThanOrEqual(Date.now() + 1);
});

test("OK: a token is not stored, and it and an API key are taken everywhere", async () => {
  const { headers, body } = await request(mesh(), "GET /token", { headers: basic(adminEmail, password) });
  expect(headers["cache-control"]).toBe("no-store");
  const { access_token: token, expires_in } = body as { access_token: string; expires_in: number };
  expect(expires_in).toBeGreaterThan(0);
  expect((await request(mesh(), "GET /v3/namespaces", { token })).status).toBe(200);
  const made = await http1(mesh().port, "/api/v1/api-keys", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ apiKey: { displayName: "cdap" } }),
  });
  const { secret } = JSON.parse(made.body);
  expect((await request(mesh(), "GET /v3/namespaces", { token: secret })).status).toBe(200);
});

test("Unauthenticated: the challenge is that of bearers, with the error of a wrong token, and Basic for logins", async () => {
  const challenge = async (line: string, token?: string) =>
    (await request(mesh(), line, { token })).headers["www-authenticate"];
  expect(await challenge("GET /v3/namespaces")).toBe('Bearer realm="cdap"');
  expect(await challenge("GET /v3/namespaces", "nonsense")).toMatch(
    /^Bearer realm="cdap" error="invalid_token" error_description="[^"]+"$/,
  );
  expect(await challenge("GET /token")).toBe('Basic realm="cdap"');
});

test("OK: where to log in is where the client found the edge, also behind a proxy that ends TLS", async () => {
  const headers = { host: "data.example.org", "x-forwarded-proto": "https" };
  const { body } = await request(mesh(), "GET /v3/namespaces", { headers });
  expect(body).toEqual({ auth_uri: ["https://data.example.org/token"] });
});

test("OK: a path with a slash at its end is a redirect", async () => {
  const { status, headers } = await request(mesh(), "GET /v3/namespaces/?a=b");
  expect([status, headers.location]).toEqual([307, "../namespaces?a=b"]);
});

test("OK: two changes of the same namespace at the same time are both made", async () => {
  const token = known().admin;
  await request(mesh(), "PUT /v3/namespaces/shared", { token });
  const names = ["one", "two", "three"];
  const answers = await Promise.all(
    names.map((name) =>
      request(mesh(), "PUT /v3/namespaces/shared/properties", { token, json: { config: { [name]: name } } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const { body } = await request(mesh(), "GET /v3/namespaces/shared", { token });
  expect(body).toMatchObject({ config: { one: "one", two: "two", three: "three" } });
});

test("ResourceExhausted: too many failed logins are 429 with a time to wait", async () => {
  const token = known().admin;
  const email = "guessed@example.org";
  await http1(mesh().port, "/api/v1/users", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ user: { email, displayName: "Gus" }, password }),
  });
  expect(await logIn(mesh(), email)).toMatch(/^ey/);
  const fail = () => request(mesh(), "GET /token", { headers: basic(email, "wrong") });
  let answer = await fail();
  for (let count = 1; answer.status === 401 && count < 60; count += 1) answer = await fail();
  expect([answer.status, answer.body]).toEqual([429, expect.stringContaining("failed logins")]);
});
