import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PolicyService, type ResolveSecretResponse } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, type Identity, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";

let identity: Identity;
let admin: Principal;
let editor: Principal;
beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity[Symbol.asyncDispose]());
beforeEach(async () => {
  ({ admin } = await newOrg(identity));
  editor = { ...admin, roles: ["editor"] };
});

type Destination = { connector: string; host: string; port: number };

const warehouse = { connector: "postgresql", host: "db.example.org", port: 5432 };
const elsewhere = { ...warehouse, host: "evil.example.org" };

const secretsAs = (who: Principal) => identity.client(SecretService, who);
const policies = (process = "orchestration", who: Principal | undefined = undefined) =>
  identity.client(PolicyService, who, process);
const resolve = (destination: Destination, name = "db"): Promise<ResolveSecretResponse> =>
  policies("orchestration", admin).resolveSecret({ name, destination });
const destinationsOf = async (name = "db") => {
  const { secrets } = await secretsAs(admin).listSecrets({});
  const secret = secrets.find((candidate) => candidate.name === name);
  return secret?.destinations.map(({ connector, host, port }) => ({ connector, host, port }));
};
const notAllowed = ({ connector, host, port }: Destination, secret = "db") => ({
  code: "FailedPrecondition",
  reason: "SECRET_NOT_ALLOWED",
  metadata: { secret, connector, host, port: String(port) },
});

/** As the version before destinations left a secret. */
const forgetDestinations = (name = "db") =>
  identity.database.sql`
    update identity.secrets set destinations = null where org_id = ${admin.orgId} and name = ${name}`;

describe("ResolveSecret", () => {
  test("OK: the value for a destination of the secret, however it is spelled", async () => {
    await secretsAs(editor).putSecret({
      name: "db",
      value: "v",
      destinations: [
        { ...warehouse, host: "DB.Example.org." },
        { ...warehouse, host: "0:0::1" },
      ],
    });
    expect(await destinationsOf()).toEqual([warehouse, { ...warehouse, host: "::1" }]);
    for (const host of ["db.example.org", "DB.EXAMPLE.ORG", "db.example.org.", "::1", "[::1]"]) {
      expect((await resolve({ ...warehouse, host })).value).toBe("v");
    }
  });

  test("FailedPrecondition: another host, port or connector, and nothing of where it may go", async () => {
    await secretsAs(editor).putSecret({ name: "db", value: "the value", destinations: [warehouse] });
    for (const other of [
      elsewhere,
      { ...warehouse, port: 5433 },
      { ...warehouse, connector: "mysql" },
      { ...warehouse, host: "sub.db.example.org" },
      { ...warehouse, host: "example.org" },
      { ...warehouse, host: "localhost" },
    ]) {
      const call = resolve(other);
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
    await secretsAs(editor).putSecret({ name: "db", value: "v" });
    expect(await destinationsOf()).toEqual([]);
    expect(await failureOf(resolve(warehouse))).toEqual(notAllowed(warehouse));
  });

  test("OK: only validated, the answer has no value, and refusals are the same", async () => {
    await secretsAs(editor).putSecret({ name: "db", value: "v", destinations: [warehouse] });
    const validate = (destination: Destination) =>
      policies("orchestration", admin).resolveSecret({ name: "db", destination, validateOnly: true });
    expect(await validate(warehouse)).toMatchObject({ value: "", unbound: false });
    expect(await failureOf(validate(elsewhere))).toEqual(notAllowed(elsewhere));
  });

  test("InvalidArgument: no destination, or a host that is none", async () => {
    const call = policies("orchestration", admin).resolveSecret({ name: "db" });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["destination"] });
    for (const host of ["127.1", "a%00b", "fe80::1%lo", "a,b"]) {
      const refused = await failureOf(resolve({ ...warehouse, host }));
      expect(refused).toEqual({ code: "InvalidArgument", fields: ["destination.host"] });
    }
  });
});

describe("PutSecret", () => {
  test("OK: each destination once", async () => {
    const spellings = ["db.example.org", "DB.example.org", "db.example.org."];
    const destinations = spellings.map((host) => ({ ...warehouse, host }));
    const { secret } = await secretsAs(editor).putSecret({ name: "db", value: "v", destinations });
    expect(secret?.destinations).toMatchObject([warehouse]);
  });

  test("OK: a new value does not inherit destinations, so nobody can prepare them for it", async () => {
    await secretsAs(editor).putSecret({ name: "db", value: "mine", destinations: [elsewhere] });
    await secretsAs(admin).putSecret({ name: "db", value: "production", destinations: [warehouse] });
    expect(await failureOf(resolve(elsewhere))).toEqual(notAllowed(elsewhere));
    await secretsAs(editor).putSecret({ name: "db", value: "mine", destinations: [elsewhere] });
    await secretsAs(admin).putSecret({ name: "db", value: "production" });
    expect(await failureOf(resolve(elsewhere))).toEqual(notAllowed(elsewhere));
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
    const call = secretsAs(editor).putSecret({ name: "db", value: "v", destinations: [destination] });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
    expect(await destinationsOf()).toBeUndefined();
  });

  test("InvalidArgument: more than 100 destinations", async () => {
    const destinations = Array.from({ length: 101 }, (_, index) => ({ ...warehouse, port: index + 1 }));
    const call = secretsAs(editor).putSecret({ name: "db", value: "v", destinations });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["destinations"] });
  });
});

describe("UpdateSecret", () => {
  beforeEach(() => secretsAs(admin).putSecret({ name: "db", value: "v", destinations: [warehouse] }));

  test("OK: an administrator changes the destinations and keeps the value", async () => {
    const destinations = [{ ...elsewhere, host: "New.Example.org" }];
    const { secret } = await secretsAs(admin).updateSecret({ secret: { name: "db", destinations } });
    const moved = { ...warehouse, host: "new.example.org" };
    expect(secret?.destinations).toMatchObject([moved]);
    expect((await resolve(moved)).value).toBe("v");
    expect(await failureOf(resolve(warehouse))).toEqual(notAllowed(warehouse));
  });

  test("OK: the mask takes all of them, and without it an empty list takes none", async () => {
    await secretsAs(admin).updateSecret({ secret: { name: "db" } });
    expect(await destinationsOf()).toEqual([warehouse]);
    await secretsAs(admin).updateSecret({ secret: { name: "db" }, updateMask: { paths: ["destinations"] } });
    expect(await destinationsOf()).toEqual([]);
  });

  test("PermissionDenied: an editor, who could read the value elsewhere", async () => {
    const call = secretsAs(editor).updateSecret({ secret: { name: "db", destinations: [elsewhere] } });
    expect(await failureOf(call)).toEqual(lacking("secrets.destinations.write"));
    expect(await destinationsOf()).toEqual([warehouse]);
  });

  test("NotFound: no such secret, and another organisation's", async () => {
    const { admin: stranger } = await newOrg(identity);
    const secret = { name: "db", destinations: [elsewhere] };
    expect(await failureOf(secretsAs(stranger).updateSecret({ secret }))).toEqual(missing("secret", "db"));
    expect(await destinationsOf()).toEqual([warehouse]);
  });

  test("InvalidArgument: no name, a host that is none, a field that can't be changed", async () => {
    const update = async (request: Parameters<ReturnType<typeof secretsAs>["updateSecret"]>[0]) =>
      (await failureOf(secretsAs(admin).updateSecret(request))).fields;
    expect(await update({})).toEqual(["secret"]);
    expect(await update({ secret: { destinations: [elsewhere] } })).toEqual(["secret"]);
    expect(await update({ secret: { name: "db", destinations: [{ ...warehouse, host: "a b" }] } })).toEqual([
      "secret.destinations[0].host",
    ]);
    expect(await update({ secret: { name: "db" }, updateMask: { paths: ["value"] } })).toEqual([
      "update_mask",
    ]);
  });
});

describe("BindSecrets", () => {
  const bind = (uses: { name: string; destination: Destination }[], { orgId } = admin) =>
    policies().bindSecrets({ orgId, uses });

  beforeEach(async () => {
    for (const name of ["db", "unused"])
      await secretsAs(admin).putSecret({ name, value: `value of ${name}` });
  });

  test("OK: secrets from before get the destinations of their uses, or none, in one call", async () => {
    await forgetDestinations("db");
    await forgetDestinations("unused");
    expect(await resolve(warehouse)).toMatchObject({ value: "", unbound: true });
    expect((await policies().listUnboundOrgs({})).orgIds).toContain(admin.orgId);
    const replica = { ...warehouse, host: "replica.example.org" };
    await bind([
      { name: "db", destination: warehouse },
      { name: "db", destination: { ...replica, host: "Replica.example.org" } },
      { name: "not there", destination: warehouse },
    ]);
    expect(await destinationsOf("db")).toEqual([warehouse, replica]);
    expect(await destinationsOf("unused")).toEqual([]);
    expect((await resolve(replica)).value).toBe("value of db");
    expect((await policies().listUnboundOrgs({})).orgIds).not.toContain(admin.orgId);
  });

  test("OK: it never widens what has destinations, has none, or was bound before", async () => {
    await secretsAs(admin).putSecret({ name: "db", value: "v", destinations: [warehouse] });
    const uses = ["db", "unused"].map((name) => ({ name, destination: elsewhere }));
    await bind(uses);
    expect(await destinationsOf("db")).toEqual([warehouse]);
    expect(await destinationsOf("unused")).toEqual([]);
    await forgetDestinations("db");
    await bind([]);
    await bind(uses);
    expect(await destinationsOf("db")).toEqual([]);
  });

  test("OK: only the organisation's own", async () => {
    await forgetDestinations("db");
    const { admin: stranger } = await newOrg(identity);
    await bind([{ name: "db", destination: elsewhere }], stranger);
    expect(await resolve(warehouse)).toMatchObject({ unbound: true });
  });

  test("PermissionDenied: another process than orchestration", async () => {
    for (const process of ["edge", "storage", "staging", "approval"]) {
      const call = policies(process).bindSecrets({ orgId: admin.orgId });
      expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
      expect(await failureOf(policies(process).listUnboundOrgs({}))).toMatchObject({
        code: "PermissionDenied",
      });
    }
  });
});

test("OK: the migration leaves the secrets of the version before, and their values, to be bound", async () => {
  await using before = await startIdentity();
  const { admin: owner } = await newOrg(before);
  await before.client(SecretService, owner).putSecret({ name: "db", value: "the value" });
  // As the version before had the table, then the migration as it was released.
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
