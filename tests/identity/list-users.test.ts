import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, newOrg, newUser, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: ListUsers pages through the organisation's users, oldest first, and survives inserts", async () => {
  const { admin, user } = await newOrg(identity());
  await newOrg(identity());
  const [second, third] = [await newUser(identity(), admin), await newUser(identity(), admin)];
  const users = identity().client(UserService, admin);
  const first = await users.listUsers({ pageSize: 2 });
  expect(first.users).toEqual([user, second]);
  const fourth = await newUser(identity(), admin);
  const last = await users.listUsers({ pageSize: 2, pageToken: first.nextPageToken });
  expect(last).toMatchObject({ users: [third, fourth], nextPageToken: "" });
  expect((await users.listUsers({})).users).toEqual([user, second, third, fourth]);
});

test("InvalidArgument: ListUsers with a wrong page", async () => {
  const users = identity().client(UserService, principal());
  const forged = Buffer.from(JSON.stringify(["\0", "x"])).toString("base64url");
  expect(await failureOf(users.listUsers({ pageSize: -1 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageToken: forged }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("InvalidArgument: a page token that was made by hand, or for another list", async () => {
  const { admin } = await newOrg(identity());
  const users = identity().client(UserService, admin);
  await newUser(identity(), admin);
  const { nextPageToken } = await users.listUsers({ pageSize: 1 });
  const [id, ...question] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  const forged = ["' or 1=1", "\0", `${id}\n`, 1, null, { id }].map((key) =>
    Buffer.from(JSON.stringify([key, ...question])).toString("base64url"),
  );
  const invalid = { code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID", metadata: {} };
  for (const pageToken of forged) {
    expect(await failureOf(users.listUsers({ pageToken }))).toEqual(invalid);
  }
  const keys = identity().client(ApiKeyService, admin).listApiKeys({ pageToken: nextPageToken });
  expect(await failureOf(keys)).toEqual(invalid);
});
