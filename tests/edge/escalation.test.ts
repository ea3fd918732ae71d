import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { newDelegatingKey } from "../identity/delegation-scene.ts";
import { newOrg, newUser, startIdentity } from "../identity/fixtures.ts";
import { forFile } from "../lib/for-file.ts";
import { http1 } from "./lib/raw-http.ts";
import { startTestEdge } from "./lib/test-edge.ts";

// Callers who may do something try to get more than that, over HTTP, with credentials as they are.

const identity = forFile(startIdentity);
const edge = forFile(() =>
  startTestEdge({
    services: [ApiKeyService, AuthService, DelegationService, GrantService, NamespaceService, UserService],
    upstreams: { identity: identity().address },
  }),
);

type Reply = {
  readonly status: number;
  readonly reason: string | undefined;
  readonly body: Record<string, never>;
};

async function send(
  headers: Record<string, string>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const answer = await http1(edge().port, `/api/v1/${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const json = JSON.parse(answer.body);
  return { status: answer.status, reason: json.error?.details?.[0]?.reason, body: json };
}

/** A key of a user that is narrowed to permissions or namespaces. */
async function narrowedKey(who: Principal, limits: { permissions?: string[]; namespaces?: string[] }) {
  const { secret, apiKey } = await identity()
    .client(ApiKeyService, who)
    .createApiKey({ apiKey: { displayName: "narrowed", ...limits } });
  return { apiKeyId: apiKey?.apiKeyId ?? "", headers: { "x-api-key": secret } };
}

const refused = { status: 403, reason: "PERMISSION_MISSING" };

const grantTo = (
  admin: Principal,
  grant: { group: string } | { userId: string },
  role: string,
  namespace = "",
) =>
  identity()
    .client(GrantService, admin)
    .createGrant({
      grant: {
        grantee:
          "group" in grant ? { case: "group", value: grant.group } : { case: "userId", value: grant.userId },
        role,
        namespace,
      },
    });

test("PermissionDenied: a key for users only puts nobody into a group with a role", async () => {
  const { admin } = await newOrg(identity());
  await grantTo(admin, { group: "operators" }, "admin");
  const { userId } = await newUser(identity(), admin);
  const { headers } = await narrowedKey(admin, { permissions: ["users.write", "users.read"] });
  const join = (groups: string[]) => send(headers, "PATCH", `users/${userId}`, { groups });
  expect(await join(["operators"])).toMatchObject(refused);
  expect(await join(["readers"])).toMatchObject({ status: 200 });
  const users = identity().client(UserService, admin);
  const { user } = await users.updateUser({ user: { userId, groups: ["operators"] } });
  expect(user?.groups).toEqual(["operators"]);
  // Who is in the group stays in it, and leaves it.
  expect(await join(["operators", "readers"])).toMatchObject({ status: 200 });
  const leave = await send(headers, "PATCH", `users/${userId}?updateMask=groups`, { groups: [] });
  expect(leave).toMatchObject({ status: 200 });
});

test("PermissionDenied: a key for users only resets no password of a user with a role by a group or in a namespace", async () => {
  const { admin } = await newOrg(identity());
  await grantTo(admin, { group: "operators" }, "admin");
  const { headers } = await narrowedKey(admin, { permissions: ["users.write"] });
  const byGroup = await newUser(identity(), admin, { roles: [] });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: byGroup.userId, groups: ["operators"] } });
  const inNamespace = await newUser(identity(), admin, { roles: [] });
  await grantTo(admin, { userId: inNamespace.userId }, "editor", "default");
  for (const { userId } of [byGroup, inNamespace]) {
    expect(await send(headers, "POST", `users/${userId}:resetPassword`, {})).toMatchObject(refused);
  }
  const nobody = await newUser(identity(), admin, { roles: [] });
  expect(await send(headers, "POST", `users/${nobody.userId}:resetPassword`, {})).toMatchObject({
    status: 200,
  });
});

test("PermissionDenied: a key for grants or users only gives no role, and a key for a namespace none elsewhere", async () => {
  const { admin } = await newOrg(identity());
  await identity()
    .client(NamespaceService, admin)
    .createNamespace({ namespace: { name: "other" } });
  const { userId } = await newUser(identity(), admin);
  const { headers } = await narrowedKey(admin, { permissions: ["grants.write", "users.write"] });
  const give = (who: Record<string, string>, role: string, namespace: string) =>
    send(who, "POST", "grants", { grant: { userId, role, namespace } });
  expect(await give(headers, "viewer", "")).toMatchObject(refused);
  expect(await give(headers, "viewer", "default")).toMatchObject(refused);
  expect(await send(headers, "PATCH", `users/${userId}`, { roles: ["admin"] })).toMatchObject(refused);
  const user = { email: `${randomUUID()}@example.org` };
  const created = await send(headers, "POST", "users", { user, password: "a long and good password" });
  expect(created).toMatchObject(refused);

  const ofNamespace = await narrowedKey(admin, { namespaces: ["default"] });
  expect(await give(ofNamespace.headers, "editor", "")).toMatchObject(refused);
  expect(await give(ofNamespace.headers, "editor", "other")).toMatchObject({ status: 404 });
  expect(await give(ofNamespace.headers, "editor", "default")).toMatchObject({ status: 201 });
  const apiKey = { displayName: "a child" };
  expect(await send(ofNamespace.headers, "POST", "api-keys", { apiKey })).toMatchObject(refused);
});

test("PermissionDenied: an administrator of one namespace has nothing of the organisation's", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: [] });
  await grantTo(admin, { userId: user.userId }, "admin", "default");
  const { userId } = await newUser(identity(), admin);
  const secret = await identity()
    .client(ApiKeyService, admin)
    .createApiKey({ apiKey: { displayName: "the administrator's" } });
  const { accessToken } = await identity()
    .client(AuthService, undefined)
    .issueToken({ email: user.email, password: "correct horse battery staple" });
  const headers = { authorization: `Bearer ${accessToken}` };
  const keyId = secret.apiKey?.apiKeyId ?? "";
  const attempts = [
    ["POST", "grants", { grant: { userId, role: "viewer" } }],
    ["PATCH", `users/${userId}`, { groups: ["operators"] }],
    ["POST", `users/${userId}:resetPassword`, {}],
    ["POST", "api-keys", { apiKey: { displayName: "mine" } }],
    ["PATCH", `api-keys/${keyId}`, { displayName: "mine" }],
    ["POST", "namespaces", { namespace: { name: "mine" } }],
    ["PUT", "preferences", { preferences: { a: "b" } }],
  ] as const;
  for (const [method, path, body] of attempts) {
    expect(await send(headers, method, path, body), path).toMatchObject({ status: 403 });
  }
  const given = await send(headers, "POST", "grants", {
    grant: { userId, role: "editor", namespace: "default" },
  });
  expect(given.status).toBe(201);
});

test("PermissionDenied: a key with namespaces speaks for nobody", async () => {
  const { orgId } = await newOrg(identity());
  const limits = { permissions: ["principals.delegate"], delegateOrgIds: [orgId], defaultOrgId: orgId };
  const keys = identity().client(ApiKeyService, identity().root);
  const both = keys.createApiKey({ apiKey: { displayName: "both", ...limits, namespaces: ["default"] } });
  await expect(both).rejects.toThrow("api_key.namespaces: must be empty");
  const { apiKey, secret } = await keys.createApiKey({ apiKey: { displayName: "a platform", ...limits } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  const headers = { "x-api-key": secret };
  const narrowing = keys.updateApiKey({ apiKey: { apiKeyId, namespaces: ["default"] } });
  await expect(narrowing).rejects.toThrow("api_key.namespaces: must be empty");
  const asOrg = { ...headers, "x-org-id": orgId };
  expect((await send(asOrg, "GET", "auth/whoami")).body).toMatchObject({ orgId });

  const older = await newDelegatingKey(identity(), { orgIds: [orgId], defaultOrgId: orgId });
  await identity().database.sql`
    update identity.api_keys set namespaces = array['default'] where api_key_id = ${older.apiKeyId}`;
  const whoAmI = await send({ "x-api-key": older.secret, "x-org-id": orgId }, "GET", "auth/whoami");
  expect(whoAmI.body).toMatchObject({ orgId: identity().root.orgId, permissions: [] });
  const mapped = await send({ "x-api-key": older.secret }, "GET", "external-ids");
  expect(mapped).toMatchObject(refused);
});

test("PermissionDenied: the token of a key's login has what is left of the key", async () => {
  const { admin } = await newOrg(identity());
  const { apiKeyId, headers } = await narrowedKey(admin, {
    permissions: ["users.read", "users.write", "orgs.read"],
  });
  const issued = await send({}, "POST", "auth/token", { apiKey: headers["x-api-key"] });
  const bearer = { authorization: `Bearer ${issued.body.accessToken}` };
  const permissions = async () => (await send(bearer, "GET", "auth/whoami")).body.permissions;
  expect(await permissions()).toEqual(["orgs.read", "users.read", "users.write"]);
  expect(await send(bearer, "POST", "api-keys", { apiKey: { displayName: "more" } })).toMatchObject(refused);
  await identity()
    .client(ApiKeyService, admin)
    .updateApiKey({ apiKey: { apiKeyId, permissions: ["orgs.read"] } });
  // The edge asks again after five seconds.
  await expect.poll(permissions, { timeout: 20_000 }).toEqual(["orgs.read"]);
  expect(await send(bearer, "GET", "users")).toMatchObject(refused);
  const { body } = await send({}, "POST", "auth/refresh", { refreshToken: issued.body.refreshToken });
  const next = { authorization: `Bearer ${body.accessToken}` };
  expect(await send(next, "GET", "users")).toMatchObject(refused);
});
