import { beforeEach, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, startIdentity } from "./fixtures.ts";
import { newSecretScene, type SecretScene } from "./secret-scene.ts";

let scene: SecretScene;
const identity = forFile(startIdentity);
beforeEach(async () => {
  scene = await newSecretScene(identity());
});

test("OK: the organisations whose secrets are from the version before destinations", async () => {
  const { orgId } = scene.admin;
  const { secretsAs, policies, forgetDestinations } = scene;
  await secretsAs(scene.admin).putSecret({ name: "db", value: "v" });
  expect((await policies().listUnboundOrgs({})).orgIds).toEqual([]);
  await forgetDestinations("db");
  expect((await policies().listUnboundOrgs({})).orgIds).toEqual([orgId]);
  await policies().bindSecrets({ orgId });
  expect((await policies().listUnboundOrgs({})).orgIds).toEqual([]);
});

test.each(["edge", "storage", "staging", "approval"])("PermissionDenied: %s", async (process) => {
  const call = scene.policies(process).listUnboundOrgs({});
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});
