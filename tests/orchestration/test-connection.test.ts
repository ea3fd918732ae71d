import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { freePort } from "../lib/free-port.ts";
import { forwardTcp, listen } from "../lib/tcp.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { dataSet, eventually, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

describe("TestConnection", () => {
  test("OK: a file that is there", async () => {
    const user = mesh().user();
    const fileId = mesh().peers.addFile(user.who, "cars.json", await dataSet("cars.json"));
    const answer = await user.connectors.testConnection({ connector: "file", settings: { fileId } });
    expect(answer).toMatchObject({ connected: true, reason: "", serverVersion: "" });
  });

  test("OK: a database that lets us in", async () => {
    const user = mesh().user();
    await using foreign = await startForeignDatabase();
    await createDatabaseSource(mesh(), user, foreign);
    const answer = await user.connectors.testConnection({
      connector: "postgresql",
      settings: foreign.settings,
    });
    expect(answer).toMatchObject({ connected: true, reason: "" });
    expect(answer.serverVersion).toMatch(/^PostgreSQL \d+\.\d+$/);
  });

  test("not connected: wrong password, unknown database, unknown role, required encryption, closed port", async () => {
    const user = mesh().user();
    await using foreign = await startForeignDatabase();
    await createDatabaseSource(mesh(), user, foreign);
    mesh().peers.addSecret(user.who, "wrong", "wrong");
    const reasonFor = async (overrides: object) => {
      const settings = { ...foreign.settings, ...overrides };
      const answer = await user.connectors.testConnection({ connector: "postgresql", settings });
      expect(answer.connected).toBe(false);
      return answer.reason;
    };
    const { port } = foreign.settings;
    const closedPort = await freePort();
    expect(await reasonFor({ user: "nobody" })).toBe(`127.0.0.1:${port} refuses the login of "nobody"`);
    expect(await reasonFor({ passwordSecret: "wrong" })).toMatch(/refuses the login of "reader_/);
    expect(await reasonFor({ database: "nothing" })).toBe(`127.0.0.1:${port} has no database "nothing"`);
    expect(await reasonFor({ sslMode: "require" })).toMatch(/does not encrypt/);
    expect(await reasonFor({ port: closedPort })).toBe(`127.0.0.1:${closedPort} refuses the connection`);
    expect(await reasonFor({ passwordSecret: "none" })).toMatch(/^secret "none" does not exist/);
    expect(await reasonFor({ host: "no-such-host.invalid" })).toBe(
      'the host "no-such-host.invalid" is not known',
    );
    await eventually(() => foreign.connections.size).toBe(0);
  });

  test.each(["prefer", "disable"])(
    "not connected: a host that accepts and says nothing, sslMode %s",
    async (sslMode) => {
      const user = mesh().user();
      mesh().peers.addSecret(user.who, "password", "x");
      await using silent = await listen(() => {});
      const settings = { ...anyDatabase, port: silent.port, sslMode };
      const { connected, reason } = await user.connectors.testConnection({
        connector: "postgresql",
        settings,
      });
      expect({ connected, reason }).toEqual({
        connected: false,
        reason: `127.0.0.1:${silent.port} does not answer within 5 s`,
      });
      await eventually(() => silent.connections.size).toBe(0);
    },
  );

  test.each(["prefer", "disable"])(
    "not connected: a host that accepts and hangs up, sslMode %s",
    async (sslMode) => {
      const user = mesh().user();
      mesh().peers.addSecret(user.who, "password", "x");
      await using rude = await listen((socket) => socket.end());
      const settings = { ...anyDatabase, port: rude.port, sslMode };
      const { reason } = await user.connectors.testConnection({ connector: "postgresql", settings });
      expect(reason).toBe(`127.0.0.1:${rude.port} closed the connection`);
    },
  );

  test("not connected: Sluice's own database, through whatever port", async () => {
    const user = mesh().user();
    const url = new URL(mesh().database.urls.orchestration);
    await using proxy = await forwardTcp(url.href);
    mesh().peers.addSecret(user.who, "password", decodeURIComponent(url.password));
    const settings = {
      ...anyDatabase,
      host: "localhost",
      port: proxy.port,
      database: url.pathname.slice(1),
      user: decodeURIComponent(url.username),
    };
    const answer = await user.connectors.testConnection({ connector: "postgresql", settings });
    expect(answer).toMatchObject({
      connected: false,
      reason: "this is Sluice's own database: it can't be a source",
    });
  });

  test("not connected: a file that is not there, another organisation's, an empty one", async () => {
    const user = mesh().user();
    const reasonFor = async (fileId: string) =>
      (await user.connectors.testConnection({ connector: "file", settings: { fileId } })).reason;
    const unknown = randomUUID();
    const others = mesh().peers.addFile(mesh().user().who, "cars.csv", "a\n1\n");
    expect(await reasonFor(unknown)).toBe(`the file ${unknown} does not exist`);
    expect(await reasonFor(others)).toBe(`the file ${others} does not exist`);
    expect(await reasonFor(mesh().peers.addFile(user.who, "empty.csv", ""))).toBe("the file is empty");
  });

  test("InvalidArgument: settings that do not fit, each named", async () => {
    const user = mesh().user();
    const fieldsOf = async (connector: string, settings: object) => {
      const failure = await failureOf(
        user.connectors.testConnection({ connector, settings: settings as never }),
      );
      expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "SETTINGS_INVALID" });
      return failure.fields;
    };
    expect(await fieldsOf("file", {})).toEqual(["settings.fileId"]);
    expect(await fieldsOf("file", { fileId: 5, tableNames: "x" })).toEqual([
      "settings.fileId",
      "settings.tableNames",
    ]);
    expect(await fieldsOf("postgresql", { ...anyDatabase, port: 1.5, sslMode: "never" })).toEqual([
      "settings.port",
      "settings.sslMode",
    ]);
    expect(await fieldsOf("postgresql", { ...anyDatabase, host: "/run/postgresql" })).toEqual([
      "settings.host",
    ]);
    expect(await fieldsOf("postgresql", { ...anyDatabase, database: "a\0b" })).toEqual(["settings.database"]);
  });

  test("InvalidArgument: a password in the settings, with the way to secrets", async () => {
    const settings = { ...anyDatabase, password: "hunter2" };
    const failure = await failureOf(
      mesh().user().connectors.testConnection({ connector: "postgresql", settings }),
    );
    expect(failure).toMatchObject({ code: Code.InvalidArgument, fields: ["settings.password"] });
    expect(failure.message).toContain("PUT /api/v1/secrets/");
    expect(failure.message).not.toContain("hunter2");
  });

  test("NotFound: a connector that there is not", async () => {
    const call = mesh().user().connectors.testConnection({ connector: "oracle", settings: {} });
    expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
  });
});

test("not connected: every network by default, with the setting that allows some", async () => {
  await using closed = await startOrchestration({ SOURCE_ADDRESS_ALLOW: "" });
  const user = closed.user();
  closed.peers.addSecret(user.who, "password", "x");
  await using silent = await listen(() => {});
  for (const host of ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"]) {
    const settings = { ...anyDatabase, host, port: silent.port };
    const { connected, reason } = await user.connectors.testConnection({ connector: "postgresql", settings });
    expect(connected).toBe(false);
    expect(reason).toContain("SOURCE_ADDRESS_ALLOW");
  }
  expect(silent.connections.size).toBe(0);
});

test("not connected: an address outside of the networks that are allowed", async () => {
  await using narrow = await startOrchestration({ SOURCE_ADDRESS_ALLOW: "127.0.0.2/32, 10.0.0.0/8" });
  const user = narrow.user();
  narrow.peers.addSecret(user.who, "password", "x");
  const reasonFor = async (host: string) => {
    const settings = { ...anyDatabase, host, port: 1 };
    return (await user.connectors.testConnection({ connector: "postgresql", settings })).reason;
  };
  expect(await reasonFor("127.0.0.1")).toContain("is not in a network that sources may be in");
  expect(await reasonFor("::ffff:127.0.0.1")).toContain("is not in a network that sources may be in");
  expect(await reasonFor("127.0.0.2")).toBe("127.0.0.2:1 refuses the connection");
});

const anyDatabase = { host: "127.0.0.1", database: "d", user: "u", passwordSecret: "password" };
