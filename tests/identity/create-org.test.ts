import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  bootstrapEmail,
  failureOf,
  lacking,
  logInAs,
  newEmail,
  newOrg,
  password,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const orgsAs = (who = identity().root) => identity().client(OrgService, who);
const newName = () => `org-${randomUUID()}`;

test("OK: CreateOrg makes an organisation with its first administrator, who can log in", async () => {
  const [name, email] = [newName(), newEmail()];
  const answer = await orgsAs().createOrg({
    org: { name, displayName: "Second" },
    admin: { email, password, displayName: "First" },
  });
  const orgId = answer.org?.orgId ?? "";
  expect(answer).toEqual({
    $typeName: "sluice.identity.v1.CreateOrgResponse",
    org: {
      $typeName: "sluice.identity.v1.Org",
      orgId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name,
      displayName: "Second",
      createTime: expect.anything(),
      updateTime: answer.org?.createTime,
      etag: "1",
    },
    admin: {
      $typeName: "sluice.identity.v1.User",
      userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      orgId,
      email,
      displayName: "First",
      roles: ["admin"],
      groups: [],
      active: true,
      createTime: expect.anything(),
      updateTime: expect.anything(),
      etag: "1",
    },
  });
  expect(await logInAs(identity(), { email })).toMatchObject({ orgId, roles: ["admin"] });
});

test("OK: CreateOrg with the same request_id answers the same organisation", async () => {
  const request = {
    org: { name: newName() },
    admin: { email: newEmail(), password },
    requestId: randomUUID(),
  };
  expect(await orgsAs().createOrg(request)).toEqual(await orgsAs().createOrg(request));
  expect(
    await failureOf(orgsAs().createOrg({ ...request, admin: { email: newEmail(), password } })),
  ).toMatchObject({ code: "AlreadyExists", reason: "REQUEST_ID_REUSED" });
});

test("AlreadyExists: a name that is taken", async () => {
  const name = newName();
  await orgsAs().createOrg({ org: { name }, admin: { email: newEmail(), password } });
  const sameName = orgsAs().createOrg({ org: { name }, admin: { email: newEmail(), password } });
  expect(await failureOf(sameName)).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { org: name },
  });
});

test("OK: CreateOrg with an administrator whose address other organisations know", async () => {
  const admin = { email: bootstrapEmail.toUpperCase(), password: "a password of its own" };
  const { admin: created } = await orgsAs().createOrg({ org: { name: newName() }, admin });
  expect(await logInAs(identity(), admin)).toMatchObject({ userId: created?.userId });
  expect(await logInAs(identity(), { email: bootstrapEmail })).toMatchObject({
    userId: identity().root.userId,
  });
});

test("InvalidArgument: CreateOrg with a password that contains the organisation's name", async () => {
  const name = newName();
  const admin = { email: newEmail(), password: `we are ${name}` };
  expect(await failureOf(orgsAs().createOrg({ org: { name }, admin }))).toEqual({
    code: "InvalidArgument",
    reason: "PASSWORD_REFUSED",
    metadata: { cause: "own_word" },
    fields: ["admin.password"],
  });
  const rows = await identity().database.sql`select 1 from identity.orgs where name = ${name}`;
  expect(rows).toEqual([]);
});

test.each([
  ["no organisation", { org: undefined }, ["org"]],
  ["no name", { org: { displayName: "x" } }, ["org"]],
  ["a name of other letters", { org: { name: "Ärzte" } }, ["org.name"]],
  ["a long name", { org: { name: "n".repeat(64) } }, ["org.name"]],
  ["no administrator", { admin: undefined }, ["admin"]],
  ["a malformed address", { admin: { email: "x", password } }, ["admin.email"]],
  ["a short password", { admin: { email: "x@example.org", password: "short" } }, ["admin.password"]],
])("InvalidArgument: CreateOrg with %s", async (_title, wrong, fields) => {
  const request = { org: { name: newName() }, admin: { email: newEmail(), password }, ...wrong };
  expect(await failureOf(orgsAs().createOrg(request))).toEqual({ code: "InvalidArgument", fields });
});

test("PermissionDenied: CreateOrg by an organisation's administrator", async () => {
  const { admin } = await newOrg(identity());
  const call = orgsAs(admin).createOrg({ org: { name: newName() }, admin: { email: newEmail(), password } });
  expect(await failureOf(call)).toEqual(lacking("orgs.create"));
});
