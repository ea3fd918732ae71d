import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabaseSource, type ForeignDatabase, startForeignDatabase } from "./foreign-database.ts";
import {
  createSource,
  eventually,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

let mesh: Orchestration;
let foreign: ForeignDatabase;
let user: User;
let sourceId: string;
beforeAll(async () => {
  mesh = await startOrchestration();
  foreign = await startForeignDatabase();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await foreign[Symbol.asyncDispose]();
});
beforeEach(async () => {
  user = mesh.user();
  sourceId = await createDatabaseSource(mesh, user, foreign);
});

const value = async (who: User, source: string, sql: string) => (await query(who, source, sql)).rows[0]?.[0];
const backend = (who: User, source: string) => value(who, source, "select pg_backend_pid()");

/** Connections of the source's role, including those being reset. */
const sessions = async () =>
  (
    await foreign.sql`select pid, state from pg_stat_activity where usename = ${String(foreign.settings.user)}`
  ).map(({ pid, state }) => ({ pid, state }));

/** Waits until a session has no transaction. It is kept once it is reset. */
const untilIdle = (pid: unknown) =>
  eventually(async () =>
    (await sessions()).find((one) => one.pid === pid && one.state === "idle"),
  ).toBeDefined();

async function warmBackend(who = user, source = sourceId): Promise<unknown> {
  const pid = await backend(who, source);
  await eventually(() => backend(who, source)).toBe(pid);
  return pid;
}

describe("OK", () => {
  test("statements of an organisation have the same session, and another organisation never has", async () => {
    const pid = await warmBackend();
    const colleague = mesh.user({ orgId: user.who.orgId });
    await eventually(() => backend(colleague, sourceId)).toBe(pid);
    const stranger = mesh.user();
    const theirs = await createDatabaseSource(mesh, stranger, foreign);
    const seen = [await backend(stranger, theirs), await backend(stranger, theirs)];
    expect(seen).not.toContain(pid);
    expect([await backend(user, sourceId)]).not.toEqual(expect.arrayContaining(seen));
  });

  test.each([
    [
      "a setting",
      "select set_config('application_name', 'mine', false)",
      "select current_setting('application_name')",
      "sluice",
    ],
    [
      "a lock",
      "select pg_advisory_lock(12)",
      "select count(*)::int from pg_locks where locktype = 'advisory' and classid = 0 and objid = 12",
      0,
    ],
    ["a cursor", "select 1", "select count(*)::int from pg_cursors where name not in ('sluice', '')", 0],
    [
      "the time zone",
      "select set_config('TimeZone', 'Asia/Tokyo', false)",
      "select current_setting('TimeZone')",
      "UTC",
    ],
  ])("a statement leaves nothing to the next one: %s", async (_, first, second, expected) => {
    const pid = await warmBackend();
    await query(user, sourceId, first);
    await untilIdle(pid);
    expect(await value(user, sourceId, second)).toBe(expected);
    expect(await backend(user, sourceId)).toBe(pid);
  });

  test("a session that the server has ended is replaced", async () => {
    const pid = await warmBackend();
    await untilIdle(pid);
    await foreign.sql`select pg_terminate_backend(${Number(pid)})`;
    await eventually(async () => (await sessions()).map((one) => one.pid)).not.toContain(pid);
    expect(await backend(user, sourceId)).not.toBe(pid);
  });

  test("a session whose statement failed is closed", async () => {
    const pid = await warmBackend();
    await untilIdle(pid);
    expect(await failureOf(query(user, sourceId, "select 1 / 0"))).toMatchObject({
      code: Code.InvalidArgument,
    });
    await eventually(async () => (await sessions()).map((one) => one.pid)).not.toContain(pid);
  });

  test("of statements at the same time, four sessions are kept", async () => {
    await Promise.all(
      Array.from({ length: 7 }, () => query(user, sourceId, "select pg_sleep(0.2)").catch(() => {})),
    );
    await eventually(async () => (await sessions()).filter(({ state }) => state !== "idle")).toEqual([]);
    const before = await sessions();
    const seen = new Set<unknown>();
    for (let count = 0; count < 8; count += 1) seen.add(await backend(user, sourceId));
    expect(before.map(({ pid }) => pid)).toEqual(expect.arrayContaining([...seen]));
  });
});

describe("a session ends with what it was opened with", () => {
  test("Unavailable: the secret is not the password any more", async () => {
    const pid = await warmBackend();
    mesh.peers.addSecret(user.who, "reader-password", "another");
    expect(await failureOf(backend(user, sourceId))).toMatchObject({
      code: Code.Unavailable,
      reason: "SOURCE_UNREACHABLE",
    });
    await eventually(async () => (await sessions()).map((one) => one.pid)).not.toContain(pid);
  });

  test("FailedPrecondition: the secret is gone", async () => {
    await warmBackend();
    const other = mesh.user();
    const source = await createSource(other, "postgresql", { ...foreign.settings, passwordSecret: "none" });
    expect(await failureOf(backend(other, source))).toMatchObject({ reason: "SECRET_NOT_FOUND" });
  });

  test("OK: changed settings have a session of their own", async () => {
    const pid = await warmBackend();
    const settings = { ...foreign.settings, schemas: ["public"] };
    await user.sources.updateSource({ source: { sourceId, settings }, updateMask: { paths: ["settings"] } });
    expect(await backend(user, sourceId)).not.toBe(pid);
  });
});
