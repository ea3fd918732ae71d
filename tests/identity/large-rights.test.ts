import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { type Principal, rightsOf } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, logIn, newEmail, newOrg, newUser, password, startIdentity, verify } from "./fixtures.ts";

const identity = forFile(startIdentity);
const usersAs = (who: Principal) => identity().client(UserService, who);

const tooLarge = { code: "ResourceExhausted", reason: "SERVICE_BUSY", metadata: { limit: "16384" } };
/** 51 namespaces with names of 256 characters take 16,320 bytes, and one more too many. */
const most = 51;

/** An organisation with 53 namespaces of the longest names. */
async function newScene() {
  const { admin, orgId } = await newOrg(identity());
  await identity().database.sql`insert into identity.namespaces (org_id, name)
    select ${orgId}, lpad(n::text, 256, 'n') from generate_series(1, ${most + 2}) n`;
  const insert = (
    grantee: { userId?: string; groupName?: string; apiKeyId?: string },
    to: number,
    from = 1,
  ) =>
    identity().database.sql`
      insert into identity.grants (grant_id, org_id, user_id, group_name, api_key_id, role, namespace)
      select gen_random_uuid(), ${orgId}, ${grantee.userId ?? null}, ${grantee.groupName ?? null},
        ${grantee.apiKeyId ?? null}, 'editor', lpad(n::text, 256, 'n') from generate_series(${from}::int, ${to}::int) n`;
  const give = (grantee: object, n: number, role = "editor") =>
    identity()
      .client(GrantService, admin)
      .createGrant({ grant: { grantee: grantee as never, role, namespace: String(n).padStart(256, "n") } });
  return { admin, insert, give, member: await newUser(identity(), admin) };
}

test("OK: roles in as many namespaces as a call can carry, which each call of the user carries", async () => {
  const { insert, give, member } = await newScene();
  await insert({ userId: member.userId }, most - 1);
  const grantee = { case: "userId", value: member.userId };
  await give(grantee, most);
  await give(grantee, most, "approver");
  const { accessToken } = await logIn(identity(), member);
  const { orgId, userId, ...rights } = await verify(identity(), accessToken);
  const who = { orgId, userId, ...rightsOf(rights) };
  expect(who.grants).toHaveLength(most);
  expect((await usersAs(who).getMe({})).user?.userId).toBe(userId);
});

test("ResourceExhausted: a role of a user, a key and a group in one namespace more", async () => {
  const { admin, insert, give, member } = await newScene();
  const { apiKey } = await identity()
    .client(ApiKeyService, admin)
    .createApiKey({ apiKey: { displayName: "key", roles: ["viewer"] } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  await insert({ userId: member.userId }, most);
  await insert({ apiKeyId }, most);
  await insert({ groupName: "all" }, most);
  for (const grantee of [
    { case: "userId", value: member.userId },
    { case: "apiKeyId", value: apiKeyId },
    { case: "group", value: "all" },
  ]) {
    expect(await failureOf(give(grantee, most + 1))).toEqual(tooLarge);
  }
  const { grants } = await identity()
    .client(GrantService, admin)
    .listGrants({ userId: member.userId, pageSize: 100 });
  expect(grants.filter(({ namespace }) => namespace !== "")).toHaveLength(most);
});

test("ResourceExhausted: a role of a small group, one of whose users has many, and users who would join", async () => {
  const { admin, insert, give, member } = await newScene();
  await insert({ userId: member.userId }, most);
  await usersAs(admin).updateUser({ user: { userId: member.userId, groups: ["few"] } });
  expect(await failureOf(give({ case: "group", value: "few" }, most + 1))).toEqual(tooLarge);
  await give({ case: "group", value: "few" }, 1);
  await insert({ groupName: "many" }, most);
  await give({ case: "group", value: "others" }, most + 2);
  const groups = ["many", "others"];
  const joining = { userId: member.userId, groups };
  expect(await failureOf(usersAs(admin).updateUser({ user: joining }))).toEqual(tooLarge);
  const created = usersAs(admin).createUser({ user: { email: newEmail(), groups }, password });
  expect(await failureOf(created)).toEqual(tooLarge);
});

test("ResourceExhausted: a token whose user has too many all the same", async () => {
  const { insert, member } = await newScene();
  await insert({ userId: member.userId }, most + 1);
  const { accessToken } = await logIn(identity(), member);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(tooLarge);
});
