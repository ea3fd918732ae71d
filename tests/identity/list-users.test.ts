import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { type User, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, newOrg, newUser, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const usersAs = (who: Principal) => identity().client(UserService, who);

test("OK: ListUsers pages through the organisation's users, newest first, and survives inserts and deletes", async () => {
  const { admin, user } = await newOrg(identity());
  await newOrg(identity());
  const [second, third] = [await newUser(identity(), admin), await newUser(identity(), admin)];
  const users = usersAs(admin);
  const first = await users.listUsers({ pageSize: 2 });
  expect(first.users).toEqual([third, second]);
  const fourth = await newUser(identity(), admin);
  await users.deleteUser({ userId: second.userId });
  const last = await users.listUsers({ pageSize: 2, pageToken: first.nextPageToken });
  expect(last).toMatchObject({ users: [user], nextPageToken: "", totalSize: 0, totalSizeExceeded: false });
  expect((await users.listUsers({})).users).toEqual([fourth, third, user]);
});

const namesOf = ({ users }: { users: User[] }) => users.map(({ email }) => email.split("@")[0]);

/** An organisation with the users ada, Bob and cleo_x beside its administrator. */
async function newNames() {
  const { admin } = await newOrg(identity());
  const domain = `@${admin.orgId}.example.org`;
  await newUser(identity(), admin, { email: `ada${domain}`, roles: ["admin"] });
  await newUser(identity(), admin, { email: `Bob${domain}`, roles: ["editor"] });
  const { userId } = await newUser(identity(), admin, { email: `cleo_x${domain}` });
  await usersAs(admin).updateUser({ user: { userId, active: false, displayName: "100 % Ünïcode" } });
  return { admin, domain };
}

test("OK: ListUsers orders by what is asked for", async () => {
  const { admin, domain } = await newNames();
  const filter = `email:"${domain}"`;
  const ordered = async (orderBy: string) => namesOf(await usersAs(admin).listUsers({ filter, orderBy }));
  expect(await ordered("email")).toEqual(["Bob", "ada", "cleo_x"]);
  expect(await ordered("email desc")).toEqual(["cleo_x", "ada", "Bob"]);
  expect(await ordered("createTime")).toEqual(["ada", "Bob", "cleo_x"]);
  expect(await ordered("display_name desc, email asc")).toEqual(["Bob", "ada", "cleo_x"]);
});

test("OK: ListUsers finds parts of names in any case, without wildcards", async () => {
  const { admin, domain } = await newNames();
  const found = async (filter: string) => namesOf(await usersAs(admin).listUsers({ filter }));
  expect(await found(`email:BOB`)).toEqual(["Bob"]);
  expect(await found(`email:o_x`)).toEqual(["cleo_x"]);
  expect(await found(`email:"o__"`)).toEqual([]);
  expect(await found(`display_name:" % ü"`)).toEqual(["cleo_x"]);
  expect(await found(`email = "ada${domain}"`)).toEqual(["ada"]);
});

test("OK: ListUsers filters by roles, state and time, and counts what matches", async () => {
  const { admin } = await newNames();
  const users = usersAs(admin);
  const found = async (filter: string) =>
    namesOf(await users.listUsers({ filter, orderBy: "email" })).slice(0, 3);
  expect(await found("active = false")).toEqual(["cleo_x"]);
  expect(await found("roles:editor OR active = false")).toEqual(["Bob", "cleo_x"]);
  expect(await found('(roles:editor OR roles:viewer) AND create_time < "2001-01-01T00:00:00Z"')).toEqual([]);
  const counted = await users.listUsers({
    pageSize: 1,
    filter: "roles:viewer OR roles:editor",
    showTotal: true,
  });
  expect(counted).toMatchObject({ totalSize: 2, totalSizeExceeded: false, users: [{ active: false }] });
});

test("InvalidArgument: ListUsers with a wrong page", async () => {
  const users = usersAs(principal());
  const forged = Buffer.from(JSON.stringify(["\0", "x"])).toString("base64url");
  expect(await failureOf(users.listUsers({ pageSize: -1 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(users.listUsers({ pageToken: forged }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("InvalidArgument: a page token that was made by hand, or for another list, filter or order", async () => {
  const { admin } = await newOrg(identity());
  const users = usersAs(admin);
  await newUser(identity(), admin);
  const { nextPageToken } = await users.listUsers({ pageSize: 1 });
  const [[time, id], ...question] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  const cursors = [
    ...["' or 1=1", "\0", `${id}\n`, 1, null, { id }].map((key) => [time, key]),
    ...["1e400", "now", "\0", "1764000000.1", "9999999999999.000000", null].map((at) => [at, id]),
    [time],
    [time, id, id],
    id,
  ];
  const invalid = { code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID", metadata: {} };
  for (const cursor of cursors) {
    const pageToken = Buffer.from(JSON.stringify([cursor, ...question])).toString("base64url");
    expect(await failureOf(users.listUsers({ pageToken }))).toEqual(invalid);
  }
  const others = [
    identity().client(ApiKeyService, admin).listApiKeys({ pageToken: nextPageToken }),
    users.listUsers({ pageToken: nextPageToken, filter: "active = true" }),
    users.listUsers({ pageToken: nextPageToken, orderBy: "email" }),
  ];
  for (const failure of await Promise.all(others.map(failureOf))) expect(failure).toEqual(invalid);
});

test("InvalidArgument: ListUsers with a filter or an order of fields that it does not have", async () => {
  const users = usersAs(principal());
  expect(await failureOf(users.listUsers({ filter: "active = true AND password = x" }))).toEqual({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
    metadata: { field: "filter", position: "19" },
    fields: ["filter"],
  });
  expect(await failureOf(users.listUsers({ orderBy: "email, password_hash desc" }))).toEqual({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
    metadata: { field: "order_by", position: "8" },
    fields: ["order_by"],
  });
});
