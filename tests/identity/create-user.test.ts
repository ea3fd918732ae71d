import { createHash, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CreateUserRequestSchema, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  failureOf,
  lacking,
  logIn,
  logInAs,
  missing,
  newEmail,
  newOrg,
  newUser,
  password,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: adds a user of the caller's organisation who can log in", async () => {
  const { admin } = await newOrg(identity());
  const email = newEmail();
  const { user } = await identity()
    .client(UserService, admin)
    .createUser({
      user: {
        email,
        displayName: "Ada Løvelace 🦉",
        userId: randomUUID(),
        orgId: randomUUID(),
        active: false,
      },
      password,
      roles: ["editor", "approver"],
    });
  expect(user).toEqual({
    $typeName: "sluice.identity.v1.User",
    userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    orgId: admin.orgId,
    email,
    displayName: "Ada Løvelace 🦉",
    roles: ["approver", "editor"],
    groups: [],
    active: true,
    createTime: expect.anything(),
    updateTime: user?.createTime,
    etag: "1",
  });
  expect((await logIn(identity(), { email })).tokenType).toBe("Bearer");
});

test("OK: roles are viewer by default", async () => {
  const { admin } = await newOrg(identity());
  const { user } = await identity()
    .client(UserService, admin)
    .createUser({ user: { email: newEmail() }, password });
  expect(user?.roles).toEqual(["viewer"]);
});

test("OK: the same request_id answers the same user, and stores no hash that guesses of the password can use", async () => {
  const { admin } = await newOrg(identity());
  const users = identity().client(UserService, admin);
  const request = { user: { email: newEmail() }, password, requestId: randomUUID() };
  const answers = await Promise.all([users.createUser(request), users.createUser(request)]);
  expect(answers[1]).toEqual(answers[0]);
  expect(await users.createUser(request)).toEqual(answers[0]);
  expect((await users.listUsers({})).users).toHaveLength(2);

  const sha256 = createHash("sha256")
    .update(toBinary(CreateUserRequestSchema, create(CreateUserRequestSchema, request)))
    .digest();
  const rows = await identity().database.sql`
    select request_sha256 from identity.requests where request_id = ${request.requestId}`;
  expect(rows).toEqual([{ request_sha256: expect.any(Buffer) }]);
  expect(rows[0]?.request_sha256).not.toEqual(sha256);
});

test("AlreadyExists: the request_id of another request", async () => {
  const { admin } = await newOrg(identity());
  const users = identity().client(UserService, admin);
  const requestId = randomUUID();
  await users.createUser({ user: { email: newEmail() }, password, requestId });
  const call = users.createUser({ user: { email: newEmail() }, password: `${password}!`, requestId });
  expect(await failureOf(call)).toEqual({
    code: "AlreadyExists",
    reason: "REQUEST_ID_REUSED",
    metadata: { requestId },
  });
});

test("OK: an address of another organisation is taken there alone, and nothing says so", async () => {
  const { user } = await newOrg(identity());
  const { admin, org } = await newOrg(identity());
  const own = { email: user.email, password: "a password of its own" };
  const { user: created } = await identity()
    .client(UserService, admin)
    .createUser({ user: { email: own.email }, password: own.password });
  expect(created).toMatchObject({ email: user.email, orgId: admin.orgId });
  expect(await logInAs(identity(), own)).toMatchObject({ userId: created?.userId });
  expect(await logInAs(identity(), { ...own, org })).toMatchObject({ userId: created?.userId });
  expect(await logInAs(identity(), { email: user.email })).toMatchObject({ userId: user.userId });
});

test("OK: a name is stored in one of the spellings that look the same", async () => {
  const { admin } = await newOrg(identity());
  const { user } = await identity()
    .client(UserService, admin)
    .createUser({ user: { email: newEmail(), displayName: "Zoe\u0308" }, password });
  expect(user?.displayName).toBe("Zo\u00eb");
});

test("OK: SQL in a name is a name, and in an address it finds nobody", async () => {
  const { admin, user: before } = await newOrg(identity());
  const users = identity().client(UserService, admin);
  const displayName = "'); drop table identity.users; --";
  const email = `o'or'1'='1+${newEmail()}`;
  const { user } = await users.createUser({ user: { email, displayName }, password });
  expect(user).toMatchObject({ email, displayName });
  expect((await logInAs(identity(), { email })).userId).toBe(user?.userId);
  expect((await users.getUser({ userId: before.userId })).user).toEqual(before);
});

test("InvalidArgument: addresses that only look like one, and names of a megabyte", async () => {
  const users = identity().client(UserService, (await newOrg(identity())).admin);
  const lookAlikes = [
    "\u0430dmin@example.org",
    "admin@ex\u0430mple.org",
    "\uff41dmin@example.org",
    "adm\u0131n@example.org",
    "ad\u200bmin@example.org",
    "zoe\u0308@example.org",
  ];
  for (const email of lookAlikes) {
    const call = users.createUser({ user: { email }, password });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["user.email"] });
  }
  const displayName = "n".repeat(1024 * 1024);
  const call = users.createUser({ user: { email: newEmail(), displayName }, password });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["user.display_name"] });
});

test.each([
  ["a common one", { password: "qwerty123456" }, "common"],
  ["a common one with decoration", { password: "!!password1234" }, "common"],
  ["a common one twice", { password: "PasswordPassword" }, "common"],
  ["one character", { password: "aaaaaaaaaaaaaaaa" }, "too_uniform"],
  ["the address", { password: "i am ada.lovelace" }, "own_word"],
  ["a part of the name", { password: "the great Grace is it" }, "own_word"],
  ["eleven characters in thirteen code points", { password: "zo\u0308 a\u0308bcdefgh" }, "too_short"],
])("InvalidArgument: %s as the password", async (_title, { password }, cause) => {
  const { admin } = await newOrg(identity());
  const user = { email: "ada.lovelace@example.org", displayName: "Grace Hopper" };
  const error = await failureOf(identity().client(UserService, admin).createUser({ user, password }));
  expect(error).toEqual({
    code: "InvalidArgument",
    reason: "PASSWORD_REFUSED",
    metadata: { cause },
    fields: ["password"],
  });
});

test("AlreadyExists: an address that is taken in the organisation, in any case", async () => {
  const { admin, user } = await newOrg(identity());
  const email = user.email.toUpperCase();
  const call = identity().client(UserService, admin).createUser({ user: { email }, password });
  expect(await failureOf(call)).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { email },
  });
});

test.each([
  ["no user", { user: undefined }, ["user"]],
  ["no address", { user: {} }, ["user.email"]],
  ["a malformed address", { user: { email: "nobody" } }, ["user.email"]],
  ["a long address", { user: { email: `${"a".repeat(243)}@example.org` } }, ["user.email"]],
  ["a long name", { user: { email: "a@example.org", displayName: "n".repeat(201) } }, ["user.display_name"]],
  ["a NUL in the name", { user: { email: "a@example.org", displayName: "a\0b" } }, ["user.display_name"]],
  ["roles in the user", { user: { email: "a@example.org", roles: ["viewer"] } }, ["user.roles"]],
  ["an unknown role", { roles: ["owner"] }, ["roles[0]"]],
  ["platform-admin", { roles: ["platform-admin"] }, ["roles[0]"]],
  ["a role twice", { roles: ["viewer", "viewer"] }, ["roles"]],
  ["a short password", { password: "eleven chars".slice(1) }, ["password"]],
  ["a long password", { password: "p".repeat(129) }, ["password"]],
  ["a request_id that is none", { requestId: "1" }, ["request_id"]],
])("InvalidArgument: %s", async (_title, wrong, fields) => {
  const request = { user: { email: newEmail() }, password, ...wrong };
  const call = identity().client(UserService, principal()).createUser(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});

test("InvalidArgument: very many unknown roles name the first of them", async () => {
  const user = { email: newEmail() };
  const roles = Array.from({ length: 10_000 }, (_, index) => `role ${index}`);
  const call = identity().client(UserService, principal()).createUser({ user, password, roles });
  const fields = Array.from({ length: 32 }, (_, index) => (index === 0 ? "roles" : `roles[${index - 1}]`));
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});

test.each(["viewer", "editor", "approver"])("PermissionDenied: %s", async (role) => {
  const { admin } = await newOrg(identity());
  const caller = principalOf(await newUser(identity(), admin, { roles: [role] }));
  const call = identity()
    .client(UserService, caller)
    .createUser({ user: { email: newEmail() }, password });
  expect(await failureOf(call)).toEqual(lacking("users.write"));
});

test("NotFound: a caller whose organisation is gone", async () => {
  const caller = principal();
  const call = identity()
    .client(UserService, caller)
    .createUser({ user: { email: newEmail() }, password });
  expect(await failureOf(call)).toEqual(missing("org", caller.orgId));
});
