import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { password, startCompatMesh } from "../mesh.ts";
import { knownIn, logIn, newUser, request } from "./fixtures.ts";
import { loginRequests } from "./login-requests.ts";
import { detail } from "./row.ts";
import { userRequests } from "./user-requests.ts";

const mesh = forFile(() => startCompatMesh());

/** What every row of the table may name. */
const known = forFile(() => knownIn(mesh()));

test.each([...loginRequests, ...userRequests])("%s: %s", async (line, _, sent, status, body) => {
  const text = typeof line === "string" ? line : line(known());
  const answer = await request(mesh(), text, typeof sent === "function" ? sent(known()) : sent);
  expect([answer.status, answer.body]).toEqual([status, body]);
  expect(answer.headers["content-type"]).toBe("application/json");
});

test("OK: names, and whether a user is active, are changed one by one, and an inactive user is out at once", async () => {
  const token = known().admin.accessToken;
  const bob = await newUser(mesh(), token, { first_name: "Bob", last_name: "de la Cruz" });
  const change = (json: object) => request(mesh(), `PUT /api_v1/users/${bob.user.id}`, { token, json });
  const { id: userId, email } = bob.user;
  const before = { id: userId, email, is_active: true, first_name: "Bob", last_name: "de la Cruz" };
  expect((await change({ first_name: "Robert Lee" })).body).toEqual({ ...before, first_name: "Robert Lee" });
  expect((await change({ first_name: "", last_name: "Cruz" })).body).toEqual({
    ...before,
    first_name: null,
    last_name: "Cruz",
  });
  expect((await change({ is_active: false })).body).toMatchObject({ is_active: false, last_name: "Cruz" });
  const login = await request(mesh(), "POST /api_v1/auth/access", { json: { email, password } });
  expect([login.status, login.body]).toEqual([400, detail("Inactive user")]);
  const guess = { json: { email, password: "a wrong password" } };
  expect((await request(mesh(), "POST /api_v1/auth/access", guess)).body).toEqual(
    detail("Incorrect email or password"),
  );
  const refreshed = await request(mesh(), "POST /api_v1/auth/refresh", { token: bob.refreshToken });
  expect(refreshed.status).toBe(422);
});

const otherPassword = "another horse, another staple";
const logsIn = async (email: string, secret: string) =>
  (await request(mesh(), "POST /api_v1/auth/access", { json: { email, password: secret } })).status;

test("OK: an own password is changed with the old one, together with a name, and other logins end", async () => {
  const bob = await newUser(mesh(), known().admin.accessToken);
  const other = await logIn(mesh(), bob.user.email);
  const change = (json: object) =>
    request(mesh(), "PUT /api_v1/users/me", {
      token: bob.accessToken,
      json: { password: otherPassword, ...json },
    });
  expect(await change({})).toMatchObject({
    status: 422,
    body: detail("old_password: is required with password"),
  });
  expect(await change({ old_password: "wrong" })).toMatchObject({
    status: 400,
    body: detail("Incorrect email or password"),
  });
  expect(await change({ old_password: password, password: "short" })).toMatchObject({ status: 422 });
  expect(await change({ old_password: password, last_name: "Li" })).toMatchObject({
    status: 200,
    body: { ...bob.user, first_name: null, last_name: "Li" },
  });
  expect([await logsIn(bob.user.email, password), await logsIn(bob.user.email, otherPassword)]).toEqual([
    400, 200,
  ]);
  expect((await request(mesh(), "POST /api_v1/auth/refresh", { token: other.refreshToken })).status).toBe(
    422,
  );
});

test("OK: an administrator sets a password, and every login of the user ends", async () => {
  const token = known().admin.accessToken;
  const bob = await newUser(mesh(), token);
  const set = (secret: string) =>
    request(mesh(), `PUT /api_v1/users/${bob.user.id}`, {
      token,
      json: { password: secret, first_name: "Bob" },
    });
  expect((await set("short")).status).toBe(422);
  expect(await set(otherPassword)).toMatchObject({ status: 200, body: { ...bob.user, first_name: "Bob" } });
  expect([await logsIn(bob.user.email, password), await logsIn(bob.user.email, otherPassword)]).toEqual([
    400, 200,
  ]);
  expect((await request(mesh(), "POST /api_v1/auth/refresh", { token: bob.refreshToken })).status).toBe(422);
});

test("OK: a user is removed with 204 and no body", async () => {
  const token = known().admin.accessToken;
  const { user } = await newUser(mesh(), token);
  const removed = await request(mesh(), `DELETE /api_v1/users/${user.id}`, { token });
  expect([removed.status, removed.body]).toEqual([204, undefined]);
});

test("FailedPrecondition: the last administrator can be neither removed nor made inactive", async () => {
  const token = known().admin.accessToken;
  const { body: me } = await request(mesh(), "GET /api_v1/users/me", { token });
  const answers = [
    await request(mesh(), `DELETE /api_v1/users/${me.id}`, { token }),
    await request(mesh(), `PUT /api_v1/users/${me.id}`, { token, json: { is_active: false } }),
  ];
  for (const { status, body } of answers) {
    expect([status, body]).toEqual([400, detail(expect.stringContaining("administrator"))]);
  }
});

test.each([
  ["GET /api_v1/users/?limit=1", "../users?limit=1"],
  ["POST /api_v1/users/", "../users"],
  ["PUT /api_v1/users/", "../users"],
  ["POST /api_v1/auth/access/", "../access"],
  ["GET /api_v1/users/me/", "../me"],
])("OK: %s is a redirect with the query", async (line, location) => {
  const { status, headers } = await request(mesh(), line);
  expect([status, headers.location]).toEqual([307, location]);
  const [, path = ""] = line.split(" ");
  const found = new URL(location, `http://localhost${path}`);
  expect(found.pathname + found.search).toBe(path.replace(/\/(?=\?|$)/, ""));
});

test("ResourceExhausted: too many failed logins are 429 with a time to wait", async () => {
  const { user } = await newUser(mesh(), known().admin.accessToken);
  const fail = () =>
    request(mesh(), "POST /api_v1/auth/access", { json: { email: user.email, password: "wrong" } });
  let answer = await fail();
  for (let count = 1; answer.status === 400 && count < 60; count += 1) answer = await fail();
  expect([answer.status, answer.body]).toEqual([429, detail(expect.stringContaining("failed logins"))]);
});

test("InvalidArgument: a call of a batch has a credential of its own, which this API reads as a field", async () => {
  const { ann, admin } = known();
  const headers = { authorization: `Bearer ${admin.accessToken}` };
  const requests = [{ method: "GET", path: "/api_v1/users/me", headers }];
  const { status, body } = await request(mesh(), "POST /api/v1/batch", {
    token: ann.accessToken,
    json: { requests },
  });
  expect([status, body.error.message]).toEqual([400, expect.stringContaining("authorization")]);
});
