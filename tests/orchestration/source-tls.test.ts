import type { Duplex } from "node:stream";
import type { JsonObject } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { listen } from "../lib/tcp.ts";
import { readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { authentication, startHostileDatabase } from "./hostile-database.ts";
import { eventually, failureOf, startOrchestration } from "./orchestration.ts";
import { createAuthority, leadTo, type Pair, startTlsDatabase } from "./tls-database.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const editor = forFile(() => mesh().user({ orgId: user().who.orgId, roles: ["editor"] }));
const authority = forFile(createAuthority);
const server = forFile(() =>
  authority().issue([
    { type: "dns", value: "localhost" },
    { type: "ip", value: "127.0.0.1" },
  ]),
);
beforeAll(() => {
  mesh().peers.addSecret(user().who, "reader-password", readerPassword);
  mesh().peers.addSecret(user().who, "authority", authority().certificatePem);
});

const verified = { host: "localhost", sslMode: "verify-full", caSecret: "authority" };
const tryIt = (settings: JsonObject, who = user()) =>
  who.connectors.testConnection({
    connector: "postgresql",
    settings: { ...foreign().settings, ...settings },
  });
const startDatabase = (pair: Pair, options = {}) =>
  startTlsDatabase({ ...pair, serve: leadTo(inject("clusterUrl")), ...options });

describe("verify-full", () => {
  test("OK: a certificate of the secret's authority for the name, which the server is told", async () => {
    await using database = await startDatabase(server());
    expect(await tryIt({ ...verified, port: database.port })).toMatchObject({ connected: true, reason: "" });
    expect(database.serverNames).toEqual(["localhost"]);
    expect(database.versions).toEqual(["TLSv1.3"]);
  });

  test("OK: a certificate for the address; an address is not told as a name", async () => {
    await using database = await startDatabase(server());
    const settings = { ...verified, host: "127.0.0.1", port: database.port };
    expect(await tryIt(settings)).toMatchObject({ connected: true });
    expect(database.serverNames).toEqual([false]);
  });

  test("OK: an authority alone means verify-full, and one among several is enough", async () => {
    await using database = await startDatabase(server());
    const other = await createAuthority();
    mesh().peers.addSecret(user().who, "both", `${other.certificatePem}\n${authority().certificatePem}\n`);
    mesh().peers.addSecret(user().who, "other", other.certificatePem);
    const settings = { host: "localhost", port: database.port };
    expect(await tryIt({ ...settings, caSecret: "both" })).toMatchObject({ connected: true });
    expect((await tryIt({ ...settings, caSecret: "other" })).reason).toContain("unknown authority");
  });

  test.each<[string, () => Promise<Pair>, string]>([
    ["another name", () => authority().issue([{ type: "dns", value: "db.example.org" }]), "of another name"],
    ["another address", () => authority().issue([{ type: "ip", value: "127.0.0.2" }]), "of another name"],
    [
      "another authority",
      async () => (await createAuthority()).issue([{ type: "dns", value: "localhost" }]),
      "of an unknown authority",
    ],
    [
      "yesterday",
      () => authority().issue([{ type: "dns", value: "localhost" }], { from: -3, until: -1 }),
      "that has expired",
    ],
    [
      "tomorrow",
      () => authority().issue([{ type: "dns", value: "localhost" }], { from: 1, until: 3 }),
      "that is not valid yet",
    ],
  ])("not connected: a certificate of %s, and nothing of the login goes over", async (_title, issue, why) => {
    await using database = await startDatabase(await issue());
    const { connected, reason } = await tryIt({ ...verified, port: database.port });
    expect({ connected, reason }).toMatchObject({
      connected: false,
      reason: expect.stringContaining(`localhost:${database.port} shows a certificate ${why}`),
    });
    expect(database.received()).toBe("");
  });

  test("not connected: without a secret, only public authorities count", async () => {
    await using database = await startDatabase(server());
    const { reason } = await tryIt({ host: "localhost", sslMode: "verify-full", port: database.port });
    expect(reason).toContain("of an unknown authority: name a secret");
    expect(database.received()).toBe("");
  });

  test("not connected: a server that does not encrypt, or is made to say so", async () => {
    for (const settings of [verified, { sslMode: "require" }]) {
      await using downgraded = await startHostileDatabase((socket) => socket.write(authentication(3)));
      const { reason } = await tryIt({ ...settings, port: downgraded.port });
      expect(reason).toContain("does not encrypt");
      expect(downgraded.received()).toHaveLength(8);
    }
  });

  test("not connected: bytes in the clear behind the agreement to encrypt", async () => {
    await using database = await startDatabase(server(), { injected: authentication(0) });
    for (const settings of [verified, { sslMode: "require" }, { sslMode: "prefer" }]) {
      const { connected, reason } = await tryIt({ ...settings, port: database.port });
      expect(connected).toBe(false);
      expect(reason).toContain("does not answer as PostgreSQL does when asked to encrypt");
    }
    expect(database.received()).toBe("");
  });

  test("not connected: TLS older than 1.2", async () => {
    await using database = await startDatabase(server(), { maxVersion: "TLSv1.1" });
    const { connected } = await tryIt({ ...verified, port: database.port });
    expect(connected).toBe(false);
    expect(database.received()).toBe("");
  });

  test("not connected: a handshake that nobody goes on with, within the time to connect", async () => {
    await using silent = await listen((socket) => socket.once("data", () => socket.write("S")));
    const { reason } = await tryIt({ ...verified, port: silent.port });
    expect(reason).toBe(`localhost:${silent.port} does not answer within 5 s`);
    await eventually(() => silent.connections.size).toBe(0);
  });

  test.each([
    ["text", "not a certificate"],
    ["a broken certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
    ["a password", readerPassword],
  ])("not connected: %s as authority, of which nothing is said", async (_title, value) => {
    await using database = await startDatabase(server());
    mesh().peers.addSecret(user().who, "broken", value);
    const { reason } = await tryIt({ ...verified, caSecret: "broken", port: database.port });
    expect(reason).toBe('secret "broken" does not hold certificates in PEM');
    expect(database.connections.size).toBe(0);
  });
});

describe("how a server may ask for the password", () => {
  const asks = (code: number) => (socket: Duplex) =>
    void socket.write(authentication(code, Buffer.alloc(code === 5 ? 4 : 0)));

  test.each([
    ["the password", 3, "asks for the password in the clear"],
    ["its MD5 hash", 5, "asks for the password's MD5 hash"],
  ])("not connected: %s, by a server that only the secret's authority vouches for", async (_t, code, why) => {
    await using database = await startDatabase(server(), {
      serve: (socket: Duplex) => socket.once("data", () => asks(code)(socket)),
    });
    const { reason } = await tryIt({ ...verified, port: database.port }, editor());
    expect(reason).toContain(`localhost:${database.port} ${why}`);
    // The startup message and nothing else.
    expect(database.received()).toHaveLength(database.received().charCodeAt(3));
    expect(database.received()).not.toContain(readerPassword);
    expect(database.received()).not.toContain("md5");
  });

  test("not connected: the question in pieces of one byte, behind other messages", async () => {
    const notice = Buffer.from("N\0\0\0\x0eSnotice\0\0\0", "latin1");
    await using database = await startDatabase(server(), {
      serve: (socket: Duplex) =>
        socket.once("data", () => {
          for (const byte of Buffer.concat([notice, authentication(3)])) socket.write(Buffer.from([byte]));
        }),
    });
    const { reason } = await tryIt({ ...verified, port: database.port }, editor());
    expect(reason).toContain("asks for the password in the clear");
    expect(database.received()).not.toContain(readerPassword);
  });

  test("OK: SCRAM, by such a server; the password itself, where an administrator allowed it", async () => {
    await using scram = await startDatabase(server());
    expect(await tryIt({ ...verified, port: scram.port }, editor())).toMatchObject({ connected: true });
    await using clear = await startDatabase(server(), {
      serve: (socket: Duplex) => socket.once("data", () => asks(3)(socket)),
    });
    const call = tryIt({ ...verified, port: clear.port, allowInsecureLogin: true });
    await eventually(clear.received).toContain(readerPassword);
    for (const socket of clear.connections) socket.destroy();
    expect((await call).connected).toBe(false);
  });

  test("not connected: on this machine, a question after the login", async () => {
    await using hostile = await startHostileDatabase((socket) => {
      socket.write(Buffer.concat([authentication(0), authentication(3)]));
    });
    const { reason } = await tryIt({ port: hostile.port });
    expect(reason).toContain("asks for a login that is not supported");
    expect(hostile.received()).not.toContain(readerPassword);
  });

  test.each([
    ["shorter than its code", Buffer.from("R\0\0\0\x04", "latin1")],
    ["shorter than its length", Buffer.from("Z\0\0\0\x03", "latin1")],
  ])("not connected: a message %s", async (_title, message) => {
    await using hostile = await startHostileDatabase((socket) => {
      socket.write(Buffer.concat([message, authentication(3)]));
    });
    const { connected, reason } = await tryIt({ port: hostile.port });
    expect({ connected, reason }).toMatchObject({ connected: false });
    expect(hostile.received()).not.toContain(readerPassword);
  });
});

test("FailedPrecondition: a query over a connection that is not verified", async () => {
  await using database = await startDatabase(await authority().issue([{ type: "dns", value: "other" }]));
  const settings = { ...foreign().settings, ...verified, port: database.port };
  const { source } = await user().sources.createSource({
    source: { displayName: "unverified", connector: "postgresql", settings },
  });
  const call = user().executions.executeQuery({ sourceId: source?.sourceId ?? "", sql: "select 1" });
  expect(await failureOf(call)).toMatchObject({ reason: "INSECURE_CONNECTION" });
});
