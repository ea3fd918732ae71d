import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  bootstrapEmail,
  failureOf,
  type Identity,
  lacking,
  logInAs,
  missing,
  newEmail,
  newOrg,
  newUser,
  password,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

let identity: Identity;
beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity[Symbol.asyncDispose]());

const orgsAs = (who = identity.root) => identity.client(OrgService, who);
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
      active: true,
      createTime: expect.anything(),
      updateTime: expect.anything(),
      etag: "1",
    },
  });
  expect(await logInAs(identity, { email })).toMatchObject({ orgId, roles: ["admin"] });
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

test("AlreadyExists: a name or an address that is taken leaves nothing behind", async () => {
  const name = newName();
  await orgsAs().createOrg({ org: { name }, admin: { email: newEmail(), password } });
  const sameName = orgsAs().createOrg({ org: { name }, admin: { email: newEmail(), password } });
  expect(await failureOf(sameName)).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { org: name },
  });
  const other = newName();
  const admin = { email: bootstrapEmail.toUpperCase(), password };
  expect(await failureOf(orgsAs().createOrg({ org: { name: other }, admin }))).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { email: admin.email },
  });
  const rows = await identity.database.sql`select 1 from identity.orgs where name = ${other}`;
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
  const { admin } = await newOrg(identity);
  const call = orgsAs(admin).createOrg({ org: { name: newName() }, admin: { email: newEmail(), password } });
  expect(await failureOf(call)).toEqual(lacking("orgs.create"));
});

test("OK: GetOrg and ListOrgs answer the own organisation, and every one to a platform administrator", async () => {
  const { admin, orgId } = await newOrg(identity);
  const viewer = principalOf(await newUser(identity, admin));
  const { org } = await orgsAs(viewer).getOrg({ orgId });
  expect(org).toMatchObject({ orgId, displayName: "An organisation" });
  expect((await orgsAs(viewer).listOrgs({})).orgs).toEqual([org]);
  expect(await orgsAs().getOrg({ orgId })).toMatchObject({ org });

  const everyone = await orgsAs().listOrgs({ pageSize: 1000 });
  expect(everyone.orgs).toContainEqual(org);
  const paged = [];
  for (let pageToken = "", first = true; first || pageToken; first = false) {
    const page = await orgsAs().listOrgs({ pageSize: 2, pageToken });
    paged.push(...page.orgs);
    pageToken = page.nextPageToken;
  }
  expect(paged).toEqual(everyone.orgs);
});

test("OK: UpdateOrg changes the display name, of any organisation for a platform administrator", async () => {
  const { admin, orgId } = await newOrg(identity);
  const first = await orgsAs(admin).updateOrg({ org: { orgId, displayName: "One", etag: "1" } });
  expect(first.org).toMatchObject({ displayName: "One", etag: "2" });
  const second = await orgsAs().updateOrg({ org: { orgId }, updateMask: { paths: ["display_name"] } });
  expect(second.org).toMatchObject({ displayName: "", etag: "3" });
});

test("Aborted: UpdateOrg with an etag of before", async () => {
  const { admin, orgId } = await newOrg(identity);
  const call = orgsAs(admin).updateOrg({ org: { orgId, displayName: "One", etag: "7" } });
  expect(await failureOf(call)).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { org: orgId },
  });
});

test("NotFound: GetOrg and UpdateOrg of an unknown organisation and of another's", async () => {
  const { admin } = await newOrg(identity);
  const { orgId: foreign } = await newOrg(identity);
  for (const [caller, orgId] of [
    [admin, foreign],
    [admin, randomUUID()],
    [identity.root, randomUUID()],
  ] as const) {
    const orgs = orgsAs(caller);
    expect(await failureOf(orgs.getOrg({ orgId }))).toEqual(missing("org", orgId));
    expect(await failureOf(orgs.updateOrg({ org: { orgId, displayName: "Mine" } }))).toEqual(
      missing("org", orgId),
    );
  }
});

test("InvalidArgument: GetOrg, ListOrgs and UpdateOrg", async () => {
  const orgs = orgsAs(principal());
  const orgId = randomUUID();
  expect(await failureOf(orgs.getOrg({ orgId: "main" }))).toMatchObject({ fields: ["org_id"] });
  expect(await failureOf(orgs.listOrgs({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(orgs.listOrgs({ pageToken: "?" }))).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
  expect(await failureOf(orgs.updateOrg({}))).toMatchObject({ fields: ["org"] });
  expect(await failureOf(orgs.updateOrg({ org: { displayName: "x" } }))).toMatchObject({ fields: ["org"] });
  expect(
    await failureOf(orgs.updateOrg({ org: { orgId, name: "x" }, updateMask: { paths: ["name"] } })),
  ).toMatchObject({ fields: ["update_mask"] });
  expect(await failureOf(orgs.updateOrg({ org: { orgId, displayName: "line\nbreak" } }))).toMatchObject({
    fields: ["org.display_name"],
  });
});

test("PermissionDenied: UpdateOrg by an editor", async () => {
  const caller = principal({ roles: ["editor"] });
  const call = orgsAs(caller).updateOrg({ org: { orgId: caller.orgId, displayName: "x" } });
  expect(await failureOf(call)).toEqual(lacking("orgs.write"));
});
