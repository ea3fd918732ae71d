import { afterAll, beforeAll, expect, test } from "vitest";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, type Identity, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";

let identity: Identity;
beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity[Symbol.asyncDispose]());

const secretsAs = (who: Principal) => identity.client(SecretService, who);
const here = { connector: "postgresql", host: "127.0.0.1", port: 5432 };
const destinations = [here];
const resolve = (who: Principal | undefined, name: string, process = "orchestration") =>
  identity.client(PolicyService, who, process).resolveSecret({ name, destination: here });

test("OK: PutSecret makes a secret and sets it again, and answers no value", async () => {
  const { admin } = await newOrg(identity);
  const { secret: made } = await secretsAs(admin).putSecret({
    name: "db.password",
    value: "first",
    destinations,
  });
  expect(made).toEqual({
    $typeName: "sluice.identity.v1.Secret",
    name: "db.password",
    destinations: [{ $typeName: "sluice.identity.v1.SecretDestination", ...here }],
    createTime: expect.anything(),
    updateTime: made?.createTime,
  });
  const { secret: set } = await secretsAs(admin).putSecret({
    name: "db.password",
    value: "second ☂",
    destinations,
  });
  expect(set).toEqual({ ...made, updateTime: expect.anything() });
  expect(set?.updateTime).not.toEqual(made?.updateTime);
  expect((await resolve(admin, "db.password")).value).toBe("second ☂");
});

test("OK: ResolveSecret answers long values and odd ones as they were", async () => {
  const { admin } = await newOrg(identity);
  for (const value of ["v".repeat(65_536), " \n\0'\";--", "ü".repeat(32_768)]) {
    await secretsAs(admin).putSecret({ name: "odd", value, destinations });
    expect((await resolve(admin, "odd")).value).toBe(value);
  }
});

test.each([
  ["no name", { name: "", value: "v" }, ["name"]],
  ["a path as name", { name: "../x", value: "v" }, ["name"]],
  ["a long name", { name: "n".repeat(128), value: "v" }, ["name"]],
  ["no value", { name: "n", value: "" }, ["value"]],
  ["a long value", { name: "n", value: "v".repeat(65_537) }, ["value"]],
  ["a value of many bytes", { name: "n", value: "ü".repeat(32_769) }, ["value"]],
])("InvalidArgument: PutSecret with %s", async (_title, request, fields) => {
  expect(await failureOf(secretsAs(principal()).putSecret(request))).toEqual({
    code: "InvalidArgument",
    fields,
  });
});

test("NotFound: PutSecret of a caller whose organisation is gone", async () => {
  const caller = principal();
  const call = secretsAs(caller).putSecret({ name: "n", value: "v" });
  expect(await failureOf(call)).toEqual(missing("org", caller.orgId));
});

test("OK: ListSecrets pages through the organisation's secrets by name, without values", async () => {
  const { admin } = await newOrg(identity);
  const made = [];
  for (const name of ["a", "b", "c"]) {
    made.push((await secretsAs(admin).putSecret({ name, value: `value of ${name}` })).secret);
  }
  await secretsAs((await newOrg(identity)).admin).putSecret({ name: "other", value: "v" });
  const first = await secretsAs(admin).listSecrets({ pageSize: 2 });
  const last = await secretsAs(admin).listSecrets({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.secrets, ...last.secrets]).toEqual(made);
  expect(last.nextPageToken).toBe("");
  const [, ...question] = JSON.parse(Buffer.from(first.nextPageToken, "base64url").toString());
  const pageToken = Buffer.from(JSON.stringify(["a\0", ...question])).toString("base64url");
  expect(await failureOf(secretsAs(admin).listSecrets({ pageToken }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("InvalidArgument: ListSecrets with a wrong page, DeleteSecret with a wrong name", async () => {
  const secrets = secretsAs(principal());
  expect(await failureOf(secrets.listSecrets({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(secrets.listSecrets({ pageToken: "?" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  expect(await failureOf(secrets.deleteSecret({ name: "a/b" }))).toMatchObject({ fields: ["name"] });
});

test("OK: DeleteSecret removes a secret, and then it is NotFound", async () => {
  const { admin } = await newOrg(identity);
  await secretsAs(admin).putSecret({ name: "gone", value: "v" });
  await secretsAs(admin).deleteSecret({ name: "gone" });
  expect(await failureOf(secretsAs(admin).deleteSecret({ name: "gone" }))).toEqual(missing("secret", "gone"));
  expect(await failureOf(resolve(admin, "gone"))).toEqual({
    code: "NotFound",
    reason: "SECRET_NOT_FOUND",
    metadata: { secret: "gone" },
  });
});

test("NotFound: another organisation's secret, and its own one of that name stays", async () => {
  const { admin } = await newOrg(identity);
  const { admin: stranger } = await newOrg(identity);
  await secretsAs(admin).putSecret({ name: "shared-name", value: "mine", destinations });
  expect(await failureOf(resolve(stranger, "shared-name"))).toMatchObject({ reason: "SECRET_NOT_FOUND" });
  expect(await failureOf(secretsAs(stranger).deleteSecret({ name: "shared-name" }))).toEqual(
    missing("secret", "shared-name"),
  );
  await secretsAs(stranger).putSecret({ name: "shared-name", value: "theirs", destinations });
  expect((await resolve(admin, "shared-name")).value).toBe("mine");
});

test("PermissionDenied: a viewer, and ResolveSecret for another process than orchestration", async () => {
  const viewer = secretsAs(principal({ roles: ["viewer"] }));
  expect(await failureOf(viewer.putSecret({ name: "n", value: "v" }))).toEqual(lacking("secrets.write"));
  expect(await failureOf(viewer.deleteSecret({ name: "n" }))).toEqual(lacking("secrets.write"));
  expect(await failureOf(viewer.listSecrets({}))).toEqual(lacking("secrets.read"));
  for (const process of ["edge", "storage", "staging", "approval"]) {
    expect(await failureOf(resolve(principal(), "n", process))).toMatchObject({ code: "PermissionDenied" });
  }
});

test("Unauthenticated: ResolveSecret on nobody's behalf", async () => {
  expect(await failureOf(resolve(undefined, "n"))).toMatchObject({ reason: "CREDENTIAL_MISSING" });
});

test("InvalidArgument: ResolveSecret without a name", async () => {
  expect(await failureOf(resolve(principal(), ""))).toEqual({ code: "InvalidArgument", fields: ["name"] });
});

test("Internal: a value that was moved to another name or organisation does not open", async () => {
  const { admin } = await newOrg(identity);
  const { admin: stranger } = await newOrg(identity);
  await secretsAs(admin).putSecret({ name: "production", value: "a production password", destinations });
  await secretsAs(admin).putSecret({ name: "test", value: "a test password", destinations });
  await secretsAs(stranger).putSecret({ name: "production", value: "a stranger's password", destinations });
  await identity.database.sql`
    update identity.secrets target set key_id = source.key_id, nonce = source.nonce, ciphertext = source.ciphertext
    from identity.secrets source
    where source.org_id = ${admin.orgId} and source.name = 'production'
      and (target.org_id, target.name) in ((${admin.orgId}, 'test'), (${stranger.orgId}, 'production'))`;
  expect(await failureOf(resolve(admin, "test"))).toEqual({ code: "Internal" });
  expect(await failureOf(resolve(stranger, "production"))).toEqual({ code: "Internal" });
  expect((await resolve(admin, "production")).value).toBe("a production password");
});

test("OK: the table holds nothing of a value, and the same value looks different each time", async () => {
  const { admin } = await newOrg(identity);
  const value = "a value that nobody may read";
  for (const name of ["one", "two"]) await secretsAs(admin).putSecret({ name, value });
  const rows = await identity.database.sql`select * from identity.secrets where org_id = ${admin.orgId}`;
  const stored = rows.map(
    (row) => `${JSON.stringify(row)} ${Buffer.from(row.ciphertext, "base64").toString("latin1")}`,
  );
  expect(stored.join()).not.toContain("nobody");
  expect(rows.map(({ nonce }) => nonce)).toHaveLength(new Set(rows.map(({ nonce }) => nonce)).size);
  expect(rows[0]?.ciphertext).not.toBe(rows[1]?.ciphertext);
});
