import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { newOrg, startIdentity } from "../identity/fixtures.ts";
import { forFile } from "../lib/for-file.ts";
import { listen } from "../lib/tcp.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { asksForCleartext } from "./hostile-database.ts";
import {
  createSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

let admin: User;
let editor: User;
const identity = forFile(startIdentity);
const mesh = forFile(() =>
  startOrchestration({
    IDENTITY_ADDRESS: identity().address,
    SOURCE_ADDRESS_ALLOW: "127.0.0.0/8, ::1/128, 192.0.2.0/24",
  }),
);
const foreign = forFile(startForeignDatabase);
beforeAll(async () => {
  await foreign().sql`create table orders as select 7 as id`;
  await foreign().sql`grant select on orders to public`;
});
beforeEach(async () => {
  const org = await newOrg(identity());
  admin = mesh().user(org.admin);
  editor = mesh().user({ ...org.admin, userId: randomUUID(), roles: ["editor"] });
});

type Destination = { connector: string; host: string; port: number };

const secretsAs = (user: User) => identity().client(SecretService, user.who);
const destinationOf = ({ host, port }: JsonObject): Destination => ({
  connector: "postgresql",
  host: String(host),
  port: Number(port),
});
/** Creates the secret of the foreign database's settings. By default it may be sent there. */
const putSecret = (destinations = [destinationOf(foreign().settings)]) =>
  secretsAs(admin).putSecret({ name: "reader-password", value: readerPassword, destinations });
const tryIt = (user: User, settings: JsonObject) =>
  user.connectors.testConnection({ connector: "postgresql", settings });
const notAllowed = { code: Code.FailedPrecondition, reason: "SECRET_NOT_ALLOWED" };
const needsPermission = { code: Code.PermissionDenied, reason: "PERMISSION_MISSING" };

describe("an editor with a listener of their own", () => {
  test("not connected: TestConnection opens no connection to it", async () => {
    await using listener = await asksForCleartext();
    await putSecret();
    const settings = { ...foreign().settings, port: listener.port };
    const { connected, reason } = await tryIt(editor, settings);
    expect(connected).toBe(false);
    expect(reason).toContain(
      `secret "reader-password" may not be sent to postgresql at 127.0.0.1 port ${listener.port}`,
    );
    expect(reason).not.toContain(String(foreign().settings.port));
    expect(listener.received()).toBe("");
    expect(listener.opened()).toBe(0);
  });

  test("FailedPrecondition: CreateSource and UpdateSource by host, port and spelling", async () => {
    await using listener = await asksForCleartext();
    await putSecret();
    const sourceId = await createSource(editor, "postgresql", foreign().settings);
    const others = [
      { port: listener.port },
      { host: "localhost" },
      { host: "LOCALHOST." },
      { host: "127.0.0.2" },
      { host: "::1" },
      { host: "[::1]" },
      { host: "::ffff:127.0.0.2" },
      { host: "evil.example.org" },
    ];
    for (const other of others) {
      const settings = { ...foreign().settings, ...other };
      expect(await failureOf(createSource(editor, "postgresql", settings))).toMatchObject(notAllowed);
      const moved = editor.sources.updateSource({ source: { sourceId, settings } });
      expect(await failureOf(moved)).toMatchObject(notAllowed);
      expect((await tryIt(editor, settings)).reason).toContain("may not be sent to");
    }
    for (const host of ["127.1", "0x7f.0.0.1", "127.0.0.1%lo", "evil.example.org\\@127.0.0.1"]) {
      const call = editor.sources.updateSource({
        source: { sourceId, settings: { ...foreign().settings, host } },
      });
      expect(await failureOf(call)).toMatchObject({ reason: "SETTINGS_INVALID" });
    }
    expect(listener.opened()).toBe(0);
    expect((await query(editor, sourceId, "select id from orders")).rows).toEqual([[7]]);
  });

  test("PermissionDenied: they can't add it to the secret; whoever gives the value anew can", async () => {
    await using listener = await asksForCleartext();
    await putSecret();
    const destinations = [destinationOf({ host: "127.0.0.1", port: listener.port })];
    const call = secretsAs(editor).updateSecret({ secret: { name: "reader-password", destinations } });
    expect(await failureOf(call)).toMatchObject(needsPermission);
    await secretsAs(editor).putSecret({ name: "reader-password", value: "the editor's", destinations });
    await tryIt(editor, { ...foreign().settings, port: listener.port });
    await eventually(listener.received).toContain("the editor's");
    expect(listener.received()).not.toContain(readerPassword);
  });

  test("FailedPrecondition: a secret that is moved away stops the sources that used it", async () => {
    await putSecret();
    const sourceId = await createSource(editor, "postgresql", foreign().settings);
    await secretsAs(admin).updateSecret({
      secret: { name: "reader-password" },
      updateMask: { paths: ["destinations"] },
    });
    expect(await failureOf(query(editor, sourceId, "select 1"))).toMatchObject(notAllowed);
    const allowed = { name: "reader-password", destinations: [destinationOf(foreign().settings)] };
    await secretsAs(admin).updateSecret({ secret: allowed });
    expect((await query(editor, sourceId, "select 1 as one")).rows).toEqual([[1]]);
  });

  test("FailedPrecondition: a source that waits for a secret of that name does not get it", async () => {
    await using listener = await asksForCleartext();
    const sourceId = await createSource(editor, "postgresql", { ...foreign().settings, port: listener.port });
    expect(await failureOf(query(editor, sourceId, "select 1"))).toMatchObject({
      reason: "SECRET_NOT_FOUND",
    });
    await putSecret();
    expect(await failureOf(query(editor, sourceId, "select 1"))).toMatchObject(notAllowed);
    expect(listener.opened()).toBe(0);
  });

  test("FailedPrecondition: a secret of another kind, named as authority", async () => {
    await using listener = await asksForCleartext();
    await putSecret();
    const here = destinationOf({ host: "127.0.0.1", port: listener.port });
    await secretsAs(editor).putSecret({ name: "mine", value: "m", destinations: [here] });
    const settings = { ...foreign().settings, port: listener.port, passwordSecret: "mine" };
    const call = createSource(editor, "postgresql", { ...settings, caSecret: "reader-password" });
    expect(await failureOf(call)).toMatchObject(notAllowed);
    await putSecret([destinationOf(foreign().settings), here]);
    const { reason } = await tryIt(editor, { ...settings, caSecret: "reader-password" });
    expect(reason).toBe('secret "reader-password" does not hold certificates in PEM');
  });
});

test("PermissionDenied: an editor of one namespace names no secret, whose database may be another namespace's", async () => {
  await putSecret();
  const grants = [{ namespace: "default", roles: ["editor"] }];
  const stranger = mesh().user({ ...editor.who, userId: randomUUID(), roles: [], grants });
  const sourceId = await createSource(stranger, "file", { fileId: randomUUID() });
  const { settings } = foreign();
  const calls = [
    tryIt(stranger, settings),
    stranger.sources.previewSource({
      connector: "postgresql",
      settings,
      table: { schemaName: "public", name: "orders" },
    }),
    createSource(stranger, "postgresql", settings),
    createSource(stranger, "postgresql", { ...settings, passwordSecret: "missing" }),
    stranger.sources.updateSource({ source: { sourceId, connector: "postgresql", settings } }),
  ];
  const failures = await Promise.all(calls.map(failureOf));
  expect(failures.slice(0, 4)).toEqual(
    Array(4).fill(
      expect.objectContaining({
        ...needsPermission,
        message: "permission secrets.read is required in the whole organisation to name a secret in a source",
      }),
    ),
  );
  expect(failures[4]).toMatchObject({ code: Code.InvalidArgument });
});

describe("a login that others could read", () => {
  const away = () => ({ ...foreign().settings, host: "192.0.2.1", port: 5432 });
  beforeEach(() => putSecret([destinationOf(foreign().settings), destinationOf(away())]));

  test("not connected: less than verify-full beyond this machine, before anything is sent", async () => {
    for (const sslMode of ["disable", "prefer", "require"]) {
      const { connected, reason } = await tryIt(admin, { ...away(), sslMode });
      expect(connected).toBe(false);
      expect(reason).toContain(`192.0.2.1:5432 is not on this machine, and settings.sslMode ${sslMode}`);
    }
    const sourceId = await createSource(editor, "postgresql", { ...away(), sslMode: "prefer" });
    expect(await failureOf(query(editor, sourceId, "select 1"))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "INSECURE_CONNECTION",
    });
  });

  test("PermissionDenied: only an administrator allows it, and an editor keeps it as it is", async () => {
    const insecure = { ...away(), sslMode: "disable", allowInsecureLogin: true };
    expect(await failureOf(tryIt(editor, insecure))).toMatchObject(needsPermission);
    expect(await failureOf(createSource(editor, "postgresql", insecure))).toMatchObject(needsPermission);
    const sourceId = await createSource(admin, "postgresql", insecure);
    const update = (settings: JsonObject) =>
      editor.sources.updateSource({ source: { sourceId, settings: { ...insecure, ...settings } } });
    await update({ schemas: ["public"] });
    await secretsAs(editor).putSecret({
      name: "other",
      value: "v",
      destinations: [destinationOf(foreign().settings), destinationOf(away())],
    });
    const { host, port } = foreign().settings;
    for (const change of [
      { host, port },
      { passwordSecret: "other" },
      { sslMode: "prefer" },
      { sslMode: "verify-full", caSecret: "other" },
    ]) {
      expect(await failureOf(update(change as JsonObject))).toMatchObject(needsPermission);
    }
    await update({ allowInsecureLogin: false });
    expect(await failureOf(update({}))).toMatchObject(needsPermission);
  });

  test("InvalidArgument: an authority for a mode that does not look at it", async () => {
    for (const sslMode of ["disable", "prefer", "require"]) {
      const call = tryIt(editor, { ...foreign().settings, sslMode, caSecret: "other" });
      expect(await failureOf(call)).toMatchObject({ fields: ["settings.caSecret"] });
    }
  });
});

describe("after an upgrade", () => {
  /** Secrets and sources as stored by the version before destinations. */
  async function asBefore(sources: JsonObject[]): Promise<string[]> {
    const { orgId } = admin.who;
    await putSecret([]);
    await secretsAs(admin).putSecret({ name: "unused", value: "u" });
    await identity().database.sql`update identity.secrets set destinations = null where org_id = ${orgId}`;
    const ids = sources.map(() => randomUUID());
    for (const [index, settings] of sources.entries()) {
      await mesh().database.sql`
        insert into orchestration.sources (source_id, org_id, display_name, connector, settings)
        values (${ids[index] ?? ""}, ${orgId}, ${`source ${index}`}, 'postgresql', ${mesh().database.sql.json(settings as never)})`;
    }
    return ids;
  }
  const destinations = async () => {
    const { secrets } = await secretsAs(admin).listSecrets({});
    return Object.fromEntries(
      secrets.map(({ name, destinations: list }) => [name, list.map(({ host, port }) => `${host}:${port}`)]),
    );
  };
  const here = () => `${foreign().settings.host}:${foreign().settings.port}`;

  test("OK: a source works as before, and its secret is bound to the sources that use it", async () => {
    const replica = { ...foreign().settings, host: "Replica.example.org", sslMode: "prefer" };
    const invalid = { ...foreign().settings, host: "127.1" };
    const [sourceId = ""] = await asBefore([foreign().settings, { ...foreign().settings }, replica, invalid]);
    expect((await query(editor, sourceId, "select id from orders")).rows).toEqual([[7]]);
    expect(await destinations()).toEqual({
      "reader-password": [here(), `replica.example.org:${foreign().settings.port}`],
      unused: [],
    });
  });

  test("FailedPrecondition: the upgrade gives an editor nothing", async () => {
    await using listener = await asksForCleartext();
    await asBefore([foreign().settings]);
    const settings = { ...foreign().settings, port: listener.port };
    expect((await tryIt(editor, settings)).reason).toContain("may not be sent to");
    expect(await failureOf(createSource(editor, "postgresql", settings))).toMatchObject(notAllowed);
    const unused = { ...settings, passwordSecret: "unused" };
    expect(await failureOf(createSource(editor, "postgresql", unused))).toMatchObject(notAllowed);
    expect(listener.opened()).toBe(0);
    expect(await destinations()).toEqual({ "reader-password": [here()], unused: [] });
  });

  test("FailedPrecondition: CreateSource asked first binds to the sources from before only", async () => {
    await asBefore([foreign().settings]);
    const settings = { ...foreign().settings, host: "evil.example.org" };
    expect(await failureOf(createSource(editor, "postgresql", settings))).toMatchObject(notAllowed);
    expect((await destinations())["reader-password"]).toEqual([here()]);
  });

  test("OK: a process that starts binds every organisation's, without a call", async () => {
    await asBefore([foreign().settings]);
    await using folder = await temporaryFolder();
    const config = { ...mesh().config, dataDirectory: folder.path };
    await using _other = await startService(run, config);
    await eventually(destinations).toEqual({ "reader-password": [here()], unused: [] });
  });
});

test("OK: a listener that the secret names is reached", async () => {
  await using listener = await listen(() => {});
  await putSecret([destinationOf({ host: "127.0.0.1", port: listener.port })]);
  const call = tryIt(editor, { ...foreign().settings, port: listener.port, sslMode: "disable" });
  await eventually(() => listener.connections.size).toBe(1);
  for (const socket of listener.connections) socket.destroy();
  expect((await call).connected).toBe(false);
});
