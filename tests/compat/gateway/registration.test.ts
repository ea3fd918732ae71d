import { expect, test } from "vitest";
import { parseConfig } from "../../../services/compat/config.ts";
import { forFile } from "../../lib/for-file.ts";
import { adminEmail, commonEnv, password, startCompatMesh } from "../mesh.ts";
import { logIn, newEmail, request } from "./fixtures.ts";

const org = "open";
const mesh = forFile(async () => {
  const made = await startCompatMesh({
    GATEWAY_REGISTRATION_ORG: org,
    GATEWAY_REGISTRATION_ROLE: "editor",
  });
  await made.database.sql`
    insert into identity.orgs (org_id, name, display_name) values (gen_random_uuid(), ${org}, 'Open to all')`;
  return made;
});

const register = (json: object, token?: string) => request(mesh(), "POST /api_v1/users", { json, token });

test("OK: anybody becomes an active user of the one organisation, with the one role", async () => {
  const email = newEmail();
  const { status, body } = await register({ email, password, first_name: "Ann", is_active: false });
  expect([status, body]).toEqual([
    201,
    { id: expect.any(String), email, is_active: true, first_name: "Ann", last_name: null },
  ]);
  const { accessToken } = await logIn(mesh(), email);
  const { body: me } = await request(mesh(), "GET /api/v1/users/me", { token: accessToken });
  expect(me.user).toMatchObject({ userId: body.id, roles: ["editor"] });
  const { body: users } = await request(mesh(), "GET /api_v1/users", { token: accessToken });
  expect(users.map((user: { email: string }) => user.email)).not.toContain(adminEmail);
});

test("FailedPrecondition: the address is taken", async () => {
  const email = newEmail();
  await register({ email, password });
  expect(await register({ email, password })).toMatchObject({
    status: 400,
    body: { detail: "The user with this username already exists in the system" },
  });
});

test("OK: a credential is still a credential: an administrator adds users to the own organisation", async () => {
  const admin = await logIn(mesh());
  const email = newEmail();
  expect((await register({ email, password }, admin.accessToken)).status).toBe(201);
  const { body: users } = await request(mesh(), "GET /api_v1/users", { token: admin.accessToken });
  expect(users.map((user: { email: string }) => user.email)).toContain(email);
  expect((await register({ email: newEmail(), password }, "not a token")).status).toBe(422);
});

test("Internal: the organisation of the setting does not exist, which is the operator's matter", async () => {
  await using other = await startCompatMesh({ GATEWAY_REGISTRATION_ORG: "of-nobody" });
  const answer = await request(other, "POST /api_v1/users", { json: { email: newEmail(), password } });
  expect([answer.status, answer.body]).toEqual([500, { detail: "Service error" }]);
});

test("ConfigError: the role is viewer or editor, and registration is off by default", () => {
  const env = commonEnv("compat");
  expect(parseConfig(env).gatewayRegistration).toBeUndefined();
  expect(parseConfig({ ...env, GATEWAY_REGISTRATION_ORG: org }).gatewayRegistration).toEqual({
    org,
    role: "viewer",
  });
  expect(() => parseConfig({ ...env, GATEWAY_REGISTRATION_ROLE: "admin" })).toThrow(
    "GATEWAY_REGISTRATION_ROLE: must be viewer or editor",
  );
});
