import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  failureOf,
  type Identity,
  missing,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

let identity: Identity;
beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity[Symbol.asyncDispose]());

test("OK: GetUser and GetMe answer a user, whatever the role of the caller", async () => {
  const { admin } = await newOrg(identity);
  const user = await newUser(identity, admin);
  const users = identity.client(UserService, principalOf(user));
  expect((await users.getUser({ userId: user.userId })).user).toEqual(user);
  expect((await users.getMe({})).user).toEqual(user);
});

test("NotFound: GetUser of an unknown user and of another organisation's, for a platform administrator too", async () => {
  const { admin } = await newOrg(identity);
  const { user: stranger } = await newOrg(identity);
  for (const userId of [randomUUID(), stranger.userId]) {
    for (const caller of [admin, identity.root]) {
      const call = identity.client(UserService, caller).getUser({ userId });
      expect(await failureOf(call)).toEqual(missing("user", userId));
    }
  }
});

test("NotFound: GetMe of a user who was removed", async () => {
  const caller = principal();
  expect(await failureOf(identity.client(UserService, caller).getMe({}))).toEqual(
    missing("user", caller.userId),
  );
});

test("InvalidArgument: GetUser with an id that is none", async () => {
  const call = identity.client(UserService, principal()).getUser({ userId: "me" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["user_id"] });
});

test("OK: ListUsers pages through the organisation's users, oldest first, and survives inserts", async () => {
  const { admin, user } = await newOrg(identity);
  await newOrg(identity);
  const [second, third] = [await newUser(identity, admin), await newUser(identity, admin)];
  const users = identity.client(UserService, admin);
  const first = await users.listUsers({ pageSize: 2 });
  expect(first.users).toEqual([user, second]);
  const fourth = await newUser(identity, admin);
  const last = await users.listUsers({ pageSize: 2, pageToken: first.nextPageToken });
  expect(last).toMatchObject({ users: [third, fourth], nextPageToken: "" });
  expect((await users.listUsers({})).users).toEqual([user, second, third, fourth]);
});

test("InvalidArgument: ListUsers with a wrong page", async () => {
  const users = identity.client(UserService, principal());
  const forged = Buffer.from(JSON.stringify(["\0", "x"])).toString("base64url");
  expect(await failureOf(users.listUsers({ pageSize: -1 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageToken: forged }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("InvalidArgument: a page token that was made by hand, or for another list", async () => {
  const { admin } = await newOrg(identity);
  const users = identity.client(UserService, admin);
  await newUser(identity, admin);
  const { nextPageToken } = await users.listUsers({ pageSize: 1 });
  const [id, ...question] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  const forged = ["' or 1=1", "\0", `${id}\n`, 1, null, { id }].map((key) =>
    Buffer.from(JSON.stringify([key, ...question])).toString("base64url"),
  );
  const invalid = { code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID", metadata: {} };
  for (const pageToken of forged) {
    expect(await failureOf(users.listUsers({ pageToken }))).toEqual(invalid);
  }
  const keys = identity.client(ApiKeyService, admin).listApiKeys({ pageToken: nextPageToken });
  expect(await failureOf(keys)).toEqual(invalid);
});
