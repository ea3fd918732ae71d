import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, missing, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

/** A client without a principal, as workers use it. */
const getPrincipal = (request: { orgId: string; userId: string; apiKeyId?: string }, process = "staging") =>
  identity().client(PolicyService, undefined, process).getPrincipal(request);

const answer = (roles: string[]) => ({
  $typeName: "sluice.identity.v1.GetPrincipalResponse",
  roles,
  grants: [],
});

async function newKey(who: Principal, roles: string[], expireTime?: Date): Promise<string> {
  const { apiKey } = await identity()
    .client(ApiKeyService, who)
    .createApiKey({
      apiKey: {
        displayName: "a key",
        roles,
        ...(expireTime && { expireTime: timestampFromDate(expireTime) }),
      },
    });
  return apiKey?.apiKeyId ?? "";
}

test.each(["staging", "approval"])("OK: %s learns the user's roles of this moment", async (process) => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor", "viewer"] });
  expect(await getPrincipal(principalOf(user), process)).toEqual(answer(["editor", "viewer"]));
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: user.userId, roles: ["approver"] } });
  expect(await getPrincipal(principalOf(user), process)).toEqual(answer(["approver"]));
});

test("OK: with an API key, what the key may and its user still may", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor", "approver"] });
  const who = principalOf(user);
  const apiKeyId = await newKey(who, ["editor", "viewer"]);
  expect(await getPrincipal({ ...who, apiKeyId })).toEqual(answer(["editor", "viewer"]));
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: user.userId, roles: ["approver"] } });
  expect(await getPrincipal({ ...who, apiKeyId })).toEqual(answer(["viewer"]));
});

test("NotFound: an unknown user, another organisation's, and one that is not active or removed", async () => {
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const expectMissing = async (request: { orgId: string; userId: string }) =>
    expect(await failureOf(getPrincipal(request))).toEqual(missing("user", request.userId));
  await expectMissing({ orgId: admin.orgId, userId: randomUUID() });
  await expectMissing({ orgId: stranger.orgId, userId: user.userId });
  await users.updateUser({ user: { userId: user.userId, active: false } });
  await expectMissing(principalOf(user));
  await users.deleteUser({ userId: user.userId });
  await expectMissing(principalOf(user));
});

test("NotFound: an API key that is unknown, a colleague's, expired or revoked", async () => {
  const { admin } = await newOrg(identity());
  const colleague = principalOf(await newUser(identity(), admin, { roles: ["editor"] }));
  const expectMissing = async (apiKeyId: string) =>
    expect(await failureOf(getPrincipal({ ...admin, apiKeyId }))).toEqual(missing("api_key", apiKeyId));
  await expectMissing(randomUUID());
  await expectMissing(await newKey(colleague, ["viewer"]));
  const expiring = await newKey(admin, ["viewer"], new Date(Date.now() + 3_600_000));
  await identity().database.sql`
    update identity.api_keys set expire_time = now() - interval '1 second' where api_key_id = ${expiring}`;
  await expectMissing(expiring);
  const revoked = await newKey(admin, ["viewer"]);
  await identity().client(ApiKeyService, admin).revokeApiKey({ apiKeyId: revoked });
  await expectMissing(revoked);
});

test.each([
  ["org_id", { orgId: "", userId: randomUUID() }],
  ["user_id", { orgId: randomUUID(), userId: "me" }],
  ["api_key_id", { orgId: randomUUID(), userId: randomUUID(), apiKeyId: "mine" }],
])("InvalidArgument: %s", async (field, request) => {
  expect(await failureOf(getPrincipal(request))).toEqual({ code: "InvalidArgument", fields: [field] });
});

test.each(["edge", "compat"])("PermissionDenied: %s", async (process) => {
  const call = getPrincipal({ orgId: randomUUID(), userId: randomUUID() }, process);
  expect(await failureOf(call)).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: {},
  });
});
