import { beforeEach, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";
import { elsewhere, newSecretScene, notAllowed, type SecretScene, warehouse } from "./secret-scene.ts";

let scene: SecretScene;
const identity = forFile(startIdentity);
beforeEach(async () => {
  scene = await newSecretScene(identity());
});

describe("UpdateSecret", () => {
  beforeEach(() =>
    scene.secretsAs(scene.admin).putSecret({ name: "db", value: "v", destinations: [warehouse] }),
  );

  test("OK: an administrator changes the destinations and keeps the value", async () => {
    const destinations = [{ ...elsewhere, host: "New.Example.org" }];
    const { secret } = await scene
      .secretsAs(scene.admin)
      .updateSecret({ secret: { name: "db", destinations } });
    const moved = { ...warehouse, host: "new.example.org" };
    expect(secret?.destinations).toMatchObject([moved]);
    expect((await scene.resolve(moved)).value).toBe("v");
    expect(await failureOf(scene.resolve(warehouse))).toEqual(notAllowed(warehouse));
  });

  test("OK: the mask takes all of them", async () => {
    await scene
      .secretsAs(scene.admin)
      .updateSecret({ secret: { name: "db" }, updateMask: { paths: ["destinations"] } });
    expect(await scene.destinationsOf()).toEqual([]);
  });

  test("PermissionDenied: an editor, who could read the value elsewhere", async () => {
    const call = scene
      .secretsAs(scene.editor)
      .updateSecret({ secret: { name: "db", destinations: [elsewhere] } });
    expect(await failureOf(call)).toEqual(lacking("secrets.destinations.write"));
    expect(await scene.destinationsOf()).toEqual([warehouse]);
  });

  test("NotFound: no such secret, and another organisation's", async () => {
    const { admin: stranger } = await newOrg(identity());
    const secret = { name: "db", destinations: [elsewhere] };
    expect(await failureOf(scene.secretsAs(stranger).updateSecret({ secret }))).toEqual(
      missing("secret", "db"),
    );
    expect(await scene.destinationsOf()).toEqual([warehouse]);
  });

  test("InvalidArgument: no name, nothing to change, a host that is none, a field that can't be changed", async () => {
    const update = async (request: Parameters<ReturnType<typeof scene.secretsAs>["updateSecret"]>[0]) =>
      (await failureOf(scene.secretsAs(scene.admin).updateSecret(request))).fields;
    expect(await update({})).toEqual(["secret"]);
    expect(await update({ secret: { destinations: [elsewhere] } })).toEqual(["secret"]);
    expect(await update({ secret: { name: "db" } })).toEqual(["secret"]);
    expect(await scene.destinationsOf()).toEqual([warehouse]);
    expect(await update({ secret: { name: "db", destinations: [{ ...warehouse, host: "a b" }] } })).toEqual([
      "secret.destinations[0].host",
    ]);
    expect(await update({ secret: { name: "db" }, updateMask: { paths: ["value"] } })).toEqual([
      "update_mask",
    ]);
  });
});
