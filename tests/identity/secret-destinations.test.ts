import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, newOrg, startIdentity } from "./fixtures.ts";
import {
  type Destination,
  elsewhere,
  newSecretScene,
  notAllowed,
  type SecretScene,
  warehouse,
} from "./secret-scene.ts";

let scene: SecretScene;
const identity = forFile(startIdentity);
beforeEach(async () => {
  scene = await newSecretScene(identity());
});

describe("ResolveSecret", () => {
  test("OK: the value for a destination of the secret, however it is spelled", async () => {
    await scene.secretsAs(scene.editor).putSecret({
      name: "db",
      value: "v",
      destinations: [
        { ...warehouse, host: "DB.Example.org." },
        { ...warehouse, host: "0:0::1" },
      ],
    });
    expect(await scene.destinationsOf()).toEqual([warehouse, { ...warehouse, host: "::1" }]);
    for (const host of ["db.example.org", "DB.EXAMPLE.ORG", "db.example.org.", "::1", "[::1]"]) {
      expect((await scene.resolve({ ...warehouse, host })).value).toBe("v");
    }
  });

  test("FailedPrecondition: another host, port or connector, and nothing of where it may go", async () => {
    await scene
      .secretsAs(scene.editor)
      .putSecret({ name: "db", value: "the value", destinations: [warehouse] });
    for (const other of [
      elsewhere,
      { ...warehouse, port: 5433 },
      { ...warehouse, connector: "mysql" },
      { ...warehouse, host: "sub.db.example.org" },
      { ...warehouse, host: "example.org" },
      { ...warehouse, host: "localhost" },
    ]) {
      const call = scene.resolve(other);
      expect(await failureOf(call)).toEqual(notAllowed(other));
      const message = await call.then(() => "", String);
      expect(message).toContain(`may not be sent to ${other.connector} at ${other.host} port ${other.port}`);
      expect(message).toContain("PUT /api/v1/secrets/db");
      expect(message).not.toContain("the value");
      if (other.host !== warehouse.host && !other.host.endsWith(warehouse.host)) {
        expect(message).not.toContain(warehouse.host);
      }
    }
  });

  test("FailedPrecondition: a secret without destinations is sent nowhere", async () => {
    await scene.secretsAs(scene.editor).putSecret({ name: "db", value: "v" });
    expect(await scene.destinationsOf()).toEqual([]);
    expect(await failureOf(scene.resolve(warehouse))).toEqual(notAllowed(warehouse));
  });

  test("OK: only validated, the answer has no value, and refusals are the same", async () => {
    await scene.secretsAs(scene.editor).putSecret({ name: "db", value: "v", destinations: [warehouse] });
    const validate = (destination: Destination) =>
      scene
        .policies("orchestration", scene.admin)
        .resolveSecret({ name: "db", destination, validateOnly: true });
    expect(await validate(warehouse)).toMatchObject({ value: "", unbound: false });
    expect(await failureOf(validate(elsewhere))).toEqual(notAllowed(elsewhere));
  });

  test("InvalidArgument: no destination, or a host that is none", async () => {
    const call = scene.policies("orchestration", scene.admin).resolveSecret({ name: "db" });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["destination"] });
    for (const host of ["127.1", "a%00b", "fe80::1%lo", "a,b"]) {
      const refused = await failureOf(scene.resolve({ ...warehouse, host }));
      expect(refused).toEqual({ code: "InvalidArgument", fields: ["destination.host"] });
    }
  });
});

describe("PutSecret", () => {
  test("OK: each destination once", async () => {
    const spellings = ["db.example.org", "DB.example.org", "db.example.org."];
    const destinations = spellings.map((host) => ({ ...warehouse, host }));
    const { secret } = await scene
      .secretsAs(scene.editor)
      .putSecret({ name: "db", value: "v", destinations });
    expect(secret?.destinations).toMatchObject([warehouse]);
  });

  test("OK: a new value does not inherit destinations, so nobody can prepare them for it", async () => {
    await scene.secretsAs(scene.editor).putSecret({ name: "db", value: "mine", destinations: [elsewhere] });
    await scene
      .secretsAs(scene.admin)
      .putSecret({ name: "db", value: "production", destinations: [warehouse] });
    expect(await failureOf(scene.resolve(elsewhere))).toEqual(notAllowed(elsewhere));
    await scene.secretsAs(scene.editor).putSecret({ name: "db", value: "mine", destinations: [elsewhere] });
    await scene.secretsAs(scene.admin).putSecret({ name: "db", value: "production" });
    expect(await failureOf(scene.resolve(elsewhere))).toEqual(notAllowed(elsewhere));
  });

  test.each([
    ["a pattern as host", { ...warehouse, host: "*.example.org" }, "destinations[0].host"],
    ["no host", { ...warehouse, host: "" }, "destinations[0].host"],
    ["an interface", { ...warehouse, host: "fe80::1%eth0" }, "destinations[0].host"],
    ["no port", { ...warehouse, port: 0 }, "destinations[0].port"],
    ["a port that is none", { ...warehouse, port: 65_536 }, "destinations[0].port"],
    ["no connector", { ...warehouse, connector: "" }, "destinations[0].connector"],
    ["a connector that is none", { ...warehouse, connector: "*" }, "destinations[0].connector"],
  ])("InvalidArgument: %s", async (_title, destination, field) => {
    const call = scene
      .secretsAs(scene.editor)
      .putSecret({ name: "db", value: "v", destinations: [destination] });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
    expect(await scene.destinationsOf()).toBeUndefined();
  });

  test("InvalidArgument: more than 100 destinations", async () => {
    const destinations = Array.from({ length: 101 }, (_, index) => ({ ...warehouse, port: index + 1 }));
    const call = scene.secretsAs(scene.editor).putSecret({ name: "db", value: "v", destinations });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["destinations"] });
  });
});

test("OK: the migration leaves the secrets of the version before, and their values, to be bound", async () => {
  await using before = await startIdentity();
  const { admin: owner } = await newOrg(before);
  await before.client(SecretService, owner).putSecret({ name: "db", value: "the value" });
  // Restores the table of the version before, then runs the released migration.
  await before.database.sql`alter table identity.secrets drop column destinations`;
  await before.database.sql.unsafe(await readFile(migration, "utf8"));
  const asked = before.client(PolicyService, owner, "orchestration");
  const ask = () => asked.resolveSecret({ name: "db", destination: warehouse });
  expect(await ask()).toMatchObject({ value: "", unbound: true });
  expect((await asked.listUnboundOrgs({})).orgIds).toEqual([owner.orgId]);
  await asked.bindSecrets({ orgId: owner.orgId, uses: [{ name: "db", destination: warehouse }] });
  expect(await ask()).toMatchObject({ value: "the value", unbound: false });
  expect((await asked.listUnboundOrgs({})).orgIds).toEqual([]);
});

const migration = join(
  import.meta.dirname,
  "../../services/identity/migrations/0001_secret_destinations.sql",
);
