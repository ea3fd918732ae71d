import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, newOrg, startIdentity } from "./fixtures.ts";
import { secretClients } from "./secret-scene.ts";

const identity = forFile(startIdentity);

const { secretsAs } = secretClients(identity);

test("OK: ListSecrets pages through the organisation's secrets, newest first, without values", async () => {
  const { admin } = await newOrg(identity());
  const made = [];
  for (const name of ["a", "b", "c"]) {
    made.push((await secretsAs(admin).putSecret({ name, value: `value of ${name}` })).secret);
  }
  await secretsAs((await newOrg(identity())).admin).putSecret({ name: "other", value: "v" });
  const first = await secretsAs(admin).listSecrets({ pageSize: 2 });
  const last = await secretsAs(admin).listSecrets({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.secrets, ...last.secrets]).toEqual(made.toReversed());
  expect(last.nextPageToken).toBe("");
  const byName = await secretsAs(admin).listSecrets({ orderBy: "name desc", filter: "name != b" });
  expect(byName.secrets).toEqual([made[2], made[0]]);
  const [, ...question] = JSON.parse(Buffer.from(first.nextPageToken, "base64url").toString());
  const pageToken = Buffer.from(JSON.stringify([["1764000000.000000", "a\0"], ...question])).toString(
    "base64url",
  );
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

test("PermissionDenied: a viewer", async () => {
  const call = secretsAs(principal({ roles: ["viewer"] })).listSecrets({});
  expect(await failureOf(call)).toEqual(lacking("secrets.read"));
});
