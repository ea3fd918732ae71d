import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";
import { here, secretClients } from "./secret-scene.ts";

const identity = forFile(startIdentity);

const { resolve, secretsAs } = secretClients(identity);
const destinations = [here];

test("OK: PutSecret makes a secret and sets it again, and answers no value", async () => {
  const { admin } = await newOrg(identity());
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

test("PermissionDenied: a viewer, and ResolveSecret for another process than orchestration", async () => {
  const viewer = secretsAs(principal({ roles: ["viewer"] }));
  expect(await failureOf(viewer.putSecret({ name: "n", value: "v" }))).toEqual(lacking("secrets.write"));
  expect(await failureOf(viewer.deleteSecret({ name: "n" }))).toEqual(lacking("secrets.write"));
  expect(await failureOf(viewer.listSecrets({}))).toEqual(lacking("secrets.read"));
  for (const process of ["edge", "storage", "staging", "approval"]) {
    expect(await failureOf(resolve(principal(), "n", process))).toMatchObject({ code: "PermissionDenied" });
  }
});

test("OK: the table holds nothing of a value, and the same value looks different each time", async () => {
  const { admin } = await newOrg(identity());
  const value = "a value that nobody may read";
  for (const name of ["one", "two"]) await secretsAs(admin).putSecret({ name, value });
  const rows = await identity().database.sql`select * from identity.secrets where org_id = ${admin.orgId}`;
  const stored = rows.map(
    (row) => `${JSON.stringify(row)} ${Buffer.from(row.ciphertext, "base64").toString("latin1")}`,
  );
  expect(stored.join()).not.toContain("nobody");
  expect(rows.map(({ nonce }) => nonce)).toHaveLength(new Set(rows.map(({ nonce }) => nonce)).size);
  expect(rows[0]?.ciphertext).not.toBe(rows[1]?.ciphertext);
});
