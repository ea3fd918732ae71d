import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, newOrg, startIdentity } from "./fixtures.ts";
import { here, secretClients } from "./secret-scene.ts";

const identity = forFile(startIdentity);

const { resolve, secretsAs } = secretClients(identity);
const destinations = [here];

test("OK: ResolveSecret answers long values and odd ones as they were", async () => {
  const { admin } = await newOrg(identity());
  for (const value of ["v".repeat(65_536), " \n\0'\";--", "ü".repeat(32_768)]) {
    await secretsAs(admin).putSecret({ name: "odd", value, destinations });
    expect((await resolve(admin, "odd")).value).toBe(value);
  }
});

test("Unauthenticated: ResolveSecret on nobody's behalf", async () => {
  expect(await failureOf(resolve(undefined, "n"))).toMatchObject({ reason: "CREDENTIAL_MISSING" });
});

test("InvalidArgument: ResolveSecret without a name", async () => {
  expect(await failureOf(resolve(principal(), ""))).toEqual({ code: "InvalidArgument", fields: ["name"] });
});

test("Internal: a value that was moved to another name or organisation does not open", async () => {
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  await secretsAs(admin).putSecret({ name: "production", value: "a production password", destinations });
  await secretsAs(admin).putSecret({ name: "test", value: "a test password", destinations });
  await secretsAs(stranger).putSecret({ name: "production", value: "a stranger's password", destinations });
  await identity().database.sql`
    update identity.secrets target set key_id = source.key_id, nonce = source.nonce, ciphertext = source.ciphertext
    from identity.secrets source
    where source.org_id = ${admin.orgId} and source.name = 'production'
      and (target.org_id, target.name) in ((${admin.orgId}, 'test'), (${stranger.orgId}, 'production'))`;
  expect(await failureOf(resolve(admin, "test"))).toEqual({ code: "Internal" });
  expect(await failureOf(resolve(stranger, "production"))).toEqual({ code: "Internal" });
  expect((await resolve(admin, "production")).value).toBe("a production password");
});

test.each(["edge", "storage", "staging", "approval"])("PermissionDenied: %s", async (process) => {
  expect(await failureOf(resolve(principal(), "n", process))).toMatchObject({ code: "PermissionDenied" });
});

test("NotFound: a secret that the organisation does not have", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(resolve(admin, "none"))).toEqual({
    code: "NotFound",
    reason: "SECRET_NOT_FOUND",
    metadata: { secret: "none" },
  });
});

test("FailedPrecondition: a secret that has no such destination", async () => {
  const { admin } = await newOrg(identity());
  await secretsAs(admin).putSecret({ name: "elsewhere", value: "v", destinations: [{ ...here, port: 1 }] });
  expect(await failureOf(resolve(admin, "elsewhere"))).toMatchObject({
    code: "FailedPrecondition",
    reason: "SECRET_NOT_ALLOWED",
  });
});
