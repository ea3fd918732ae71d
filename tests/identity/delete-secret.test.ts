import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";
import { here, secretClients } from "./secret-scene.ts";

const identity = forFile(startIdentity);

const { resolve, secretsAs } = secretClients(identity);
const destinations = [here];

test("OK: DeleteSecret removes a secret, and then it is NotFound", async () => {
  const { admin } = await newOrg(identity());
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
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  await secretsAs(admin).putSecret({ name: "shared-name", value: "mine", destinations });
  expect(await failureOf(resolve(stranger, "shared-name"))).toMatchObject({ reason: "SECRET_NOT_FOUND" });
  expect(await failureOf(secretsAs(stranger).deleteSecret({ name: "shared-name" }))).toEqual(
    missing("secret", "shared-name"),
  );
  await secretsAs(stranger).putSecret({ name: "shared-name", value: "theirs", destinations });
  expect((await resolve(admin, "shared-name")).value).toBe("mine");
});

test("InvalidArgument: a name that is none", async () => {
  const call = secretsAs(principal()).deleteSecret({ name: "a/b" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["name"] });
});

test("PermissionDenied: a viewer", async () => {
  const call = secretsAs(principal({ roles: ["viewer"] })).deleteSecret({ name: "n" });
  expect(await failureOf(call)).toEqual(lacking("secrets.write"));
});
