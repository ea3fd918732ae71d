import { beforeEach, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, newOrg, startIdentity } from "./fixtures.ts";
import { type Destination, elsewhere, newSecretScene, type SecretScene, warehouse } from "./secret-scene.ts";

let scene: SecretScene;
const identity = forFile(startIdentity);
beforeEach(async () => {
  scene = await newSecretScene(identity());
});

describe("BindSecrets", () => {
  const bind = (uses: { name: string; destination: Destination }[], { orgId } = scene.admin) =>
    scene.policies().bindSecrets({ orgId, uses });

  beforeEach(async () => {
    for (const name of ["db", "unused"])
      await scene.secretsAs(scene.admin).putSecret({ name, value: `value of ${name}` });
  });

  test("OK: secrets from before get the destinations of their uses, or none, in one call", async () => {
    await scene.forgetDestinations("db");
    await scene.forgetDestinations("unused");
    expect(await scene.resolve(warehouse)).toMatchObject({ value: "", unbound: true });
    expect((await scene.policies().listUnboundOrgs({})).orgIds).toContain(scene.admin.orgId);
    const replica = { ...warehouse, host: "replica.example.org" };
    await bind([
      { name: "db", destination: warehouse },
      { name: "db", destination: { ...replica, host: "Replica.example.org" } },
      { name: "not there", destination: warehouse },
    ]);
    expect(await scene.destinationsOf("db")).toEqual([warehouse, replica]);
    expect(await scene.destinationsOf("unused")).toEqual([]);
    expect((await scene.resolve(replica)).value).toBe("value of db");
    expect((await scene.policies().listUnboundOrgs({})).orgIds).not.toContain(scene.admin.orgId);
  });

  test("OK: it never widens what has destinations, has none, or was bound before", async () => {
    await scene.secretsAs(scene.admin).putSecret({ name: "db", value: "v", destinations: [warehouse] });
    const uses = ["db", "unused"].map((name) => ({ name, destination: elsewhere }));
    await bind(uses);
    expect(await scene.destinationsOf("db")).toEqual([warehouse]);
    expect(await scene.destinationsOf("unused")).toEqual([]);
    await scene.forgetDestinations("db");
    await bind([]);
    await bind(uses);
    expect(await scene.destinationsOf("db")).toEqual([]);
  });

  test("OK: only the organisation's own", async () => {
    await scene.forgetDestinations("db");
    const { admin: stranger } = await newOrg(identity());
    await bind([{ name: "db", destination: elsewhere }], stranger);
    expect(await scene.resolve(warehouse)).toMatchObject({ unbound: true });
  });

  test("PermissionDenied: another process than orchestration", async () => {
    for (const process of ["edge", "storage", "staging", "approval"]) {
      const call = scene.policies(process).bindSecrets({ orgId: scene.admin.orgId });
      expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
      expect(await failureOf(scene.policies(process).listUnboundOrgs({}))).toMatchObject({
        code: "PermissionDenied",
      });
    }
  });
});

test("InvalidArgument: no organisation, and a use without a destination", async () => {
  expect(await failureOf(scene.policies().bindSecrets({}))).toEqual({
    code: "InvalidArgument",
    fields: ["org_id"],
  });
  const { orgId } = scene.admin;
  expect(await failureOf(scene.policies().bindSecrets({ orgId, uses: [{ name: "db" }] }))).toEqual({
    code: "InvalidArgument",
    fields: ["uses[0].destination"],
  });
});
