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
    roles: ["editor", "approver"],
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

test("AlreadyExists: an address that is taken in any organisation, in any case", async () => {
  const { user } = await newOrg(identity());
  const { admin } = await newOrg(identity());
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
  ["a long password", { password: "p".repeat(1025) }, ["password"]],
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
