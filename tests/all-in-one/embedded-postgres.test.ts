import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, watch, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseAccount } from "../../services/all-in-one/postgres/account.ts";
import { killAll, listProcesses, untilGone } from "../lib/processes.ts";
import {
  connect,
  killPostmasterAndChildren,
  openFolder,
  readNotes,
  readPostmasterPid,
  spawnOwner,
  start,
  usedFolder,
} from "./postgres-fixtures.ts";

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const anotherSluice = /^another sluice is running on this data folder \(.+\): stop it first/;

describe.concurrent("embedded PostgreSQL", () => {
  test("OK: a first start makes a UTF-8 cluster on a private socket, a second one takes under a second", async () => {
    await using folder = await openFolder();
    const firstMs = performance.now();
    const first = await start(folder);
    const firstTookMs = performance.now() - firstMs;
    const sql = connect(first);
    const [made] = await sql`
      select pg_encoding_to_char(encoding) as encoding, datcollate, datlocprovider, datlocale,
        current_setting('listen_addresses') as listen_addresses, current_setting('max_connections') as max_connections,
        current_setting('timezone') as timezone, (select substr(rolpassword, 1, 13) from pg_authid where oid = 10) as secret
      from pg_database where datname = 'postgres'`;
    expect(made).toEqual({
      encoding: "UTF8",
      datcollate: "C",
      datlocprovider: "b",
      datlocale: "C.UTF-8",
      listen_addresses: "",
      max_connections: "200",
      timezone: "UTC",
      secret: "SCRAM-SHA-256",
    });
    expect(await mode(first.socketDirectory)).toBe("700");
    expect(await mode(join(folder.data, "cluster/superuser-password"))).toBe("600");
    expect(new URL(first.url).hostname).toBe(encodeURIComponent(first.socketDirectory));
    await expect(connect(first, "guessed")`select 1`).rejects.toMatchObject({ code: "28P01" });
    await sql`create table note as select 'kept' as text`;
    await sql.end();
    await first[Symbol.asyncDispose]();

    // Creating a cluster takes five times as long, even on a busy machine. The best of three starts counts.
    const limitMs = Math.max(1000, firstTookMs / 3);
    const tookMs: number[] = [];
    do {
      const begunMs = performance.now();
      await using again = await start(folder);
      tookMs.push(performance.now() - begunMs);
      expect(await readNotes(again)).toEqual(["kept"]);
    } while (Math.min(...tookMs) > limitMs && tookMs.length < 3);
    expect(Math.min(...tookMs)).toBeLessThan(limitMs);
  });

  test("OK: quotes, spaces, letters of any script and great length in the path do no harm", async () => {
    await using folder = await openFolder();
    const data = join(folder.path, `it's a "folder", $HOME \`id\` \\ – ünï 数据`, "long".repeat(40));
    await mkdir(dirname(data));
    await using server = await start({ ...folder, data });
    const sql = connect(server);
    expect(await sql`show data_directory`).toEqual([{ data_directory: join(data, "cluster/data") }]);
    await sql.end();
  });

  test("OK: dispose, once or twice, leaves no process, no socket and no listener", async () => {
    await using folder = await usedFolder();
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    const server = await start(folder);
    const postmaster = await readPostmasterPid(folder.data);
    expect(listeners()).toEqual(before);
    await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
    expect((await listProcesses()).filter(({ pid, ppid }) => [pid, ppid].includes(postmaster))).toEqual([]);
    await expect(stat(server.socketDirectory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("OK: Ctrl-C to the whole process group leaves the server up until the owner has drained", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    const postmaster = await readPostmasterPid(folder.data);
    const group = (await listProcesses()).filter(({ pgid }) => pgid === owner.pid).map(({ pid }) => pid);
    expect(group).toEqual([owner.pid]);
    process.kill(-owner.pid, "SIGINT");
    expect(await owner.next()).toBe("disposed");
    expect(await owner.exit).toEqual([0, null]);
    await untilGone([postmaster]);
    await using server = await start(folder);
    expect(await readNotes(server)).toEqual(["committed", "drained"]);
  });

  test("OK: a log that grew too long is cut, its end kept beside it", async () => {
    await using folder = await openFolder();
    await mkdir(folder.data);
    await writeFile(join(folder.data, "server.log"), "old".repeat(4 * 1024 * 1024));
    await using _server = await start(folder);
    expect((await stat(join(folder.data, "server.log"))).size).toBeLessThan(100_000);
    expect((await readFile(join(folder.data, "server.log.1"), "utf8")).slice(-3)).toBe("old");
  });
});

describe.concurrent("embedded PostgreSQL, two owners", () => {
  test("refused: a second owner, in this process or another, and the first goes on", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    await expect(start(folder)).rejects.toThrow(anotherSluice);
    process.kill(owner.pid, "SIGINT");
    expect(await owner.next()).toBe("disposed");

    await using server = await start(folder);
    await expect(start(folder)).rejects.toThrow(anotherSluice);
    expect(await readNotes(server)).toEqual(["committed", "drained"]);
  });

  test("refused: all but one of three first starts at once", async () => {
    await using folder = await openFolder();
    const results = await Promise.allSettled([start(folder), start(folder), start(folder)]);
    const won = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason.message] : []));
    for (const server of won) await server[Symbol.asyncDispose]();
    expect([won.length, lost]).toEqual([1, Array(2).fill(expect.stringMatching(anotherSluice))]);
    expect((await readdir(folder.data)).sort()).toEqual(["cluster", "server.log"]);
  });

  test("OK: a start during the predecessor's stop waits for it", async () => {
    await using folder = await usedFolder();
    const first = await start(folder);
    const probe = connect(first);
    const next = start(folder);
    while ((await probe`select 1 from pg_locks where locktype = 'advisory' and not granted`).length === 0);
    await Promise.all([probe.end(), first[Symbol.asyncDispose]()]);
    const second = await next;
    expect(second.socketDirectory).not.toBe(first.socketDirectory);
    const sql = connect(second);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
    await second[Symbol.asyncDispose]();
  });

  test("refused: a second owner even after a crash inside the server has ended every session", async () => {
    await using folder = await usedFolder();
    await using server = await start(folder);
    const before = connect(server);
    const [{ pid }] = (await before`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    process.kill(pid, "SIGKILL");
    await expect(before`select pg_sleep(60)`).rejects.toThrow();
    const owned = async () => {
      const sql = connect(server);
      const locks = await sql`select 1 from pg_locks where locktype = 'advisory' and granted`.catch(() => []);
      await sql.end();
      return locks.length === 1;
    };
    while (!(await owned()));
    await expect(start(folder)).rejects.toThrow(anotherSluice);
  });
});

describe.concurrent("embedded PostgreSQL, crash recovery", () => {
  test("OK: after kill -9 of the owner the live server is taken over, rows and socket kept", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    const postmaster = await readPostmasterPid(folder.data);
    await owner.kill();
    const server = await start(folder);
    expect(await readPostmasterPid(folder.data)).toBe(postmaster);
    expect(await mode(server.socketDirectory)).toBe("700");
    expect(await readNotes(server)).toEqual(["committed"]);
    await server[Symbol.asyncDispose]();
    await untilGone([postmaster]);
    await expect(stat(server.socketDirectory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("OK: after kill -9 of owner and server the rows are there and the old socket is swept", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    const pidFile = await readFile(join(folder.data, "cluster/data/postmaster.pid"), "utf8");
    const oldSocket = pidFile.split("\n")[4] ?? "";
    await owner.kill();
    await killPostmasterAndChildren(await readPostmasterPid(folder.data));
    expect(await readdir(oldSocket)).toHaveLength(2);
    await using server = await start(folder);
    expect(await readNotes(server)).toEqual(["committed"]);
    await expect(stat(oldSocket)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("OK: a stale pid file whose process id now belongs to a stranger of the same account is seen through", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    await owner.kill();
    await killPostmasterAndChildren(await readPostmasterPid(folder.data));
    const account = await chooseAccount(join(folder.data, "cluster/data"));
    const stranger = spawn("sleep", ["600"], { ...account });
    await once(stranger, "spawn");
    const file = join(folder.data, "cluster/data/postmaster.pid");
    await writeFile(file, (await readFile(file, "utf8")).replace(/^\d+/, String(stranger.pid)));
    const server = await start(folder);
    expect(await readNotes(server)).toEqual(["committed"]);
    await server[Symbol.asyncDispose]();
    expect([stranger.exitCode, stranger.signalCode, stranger.kill()]).toEqual([null, null, true]);
  });

  test("OK: a start waits for the statement that outlives a killed postmaster", async () => {
    await using folder = await usedFolder();
    const owner = spawnOwner(folder);
    expect(await owner.next()).toBe("ready");
    await owner.kill();
    const first = await start(folder);
    const sql = connect(first);
    const busy = sql.unsafe(`do $$ declare stop timestamptz := clock_timestamp() + '2s'; begin
      set application_name = 'busy'; while clock_timestamp() < stop loop end loop; end $$`);
    const events: string[] = [];
    const ended = busy.catch(() => {}).then(() => events.push("statement ended"));
    const probe = connect(first);
    while ((await probe`select 1 from pg_stat_activity where application_name = 'busy'`).length === 0);
    process.kill(await readPostmasterPid(folder.data), "SIGKILL");
    await using second = await start(folder);
    events.push("started");
    await ended;
    expect(events).toEqual(["statement ended", "started"]);
    expect(await readNotes(second)).toEqual(["committed"]);
    await Promise.all([sql.end(), probe.end(), first[Symbol.asyncDispose]()]);
  });

  test("OK: a first start killed half-way through initdb leaves a folder that starts", async () => {
    await using folder = await openFolder();
    await mkdir(folder.data);
    const changes = watch(folder.data)[Symbol.asyncIterator]();
    const change = changes.next();
    const owner = spawnOwner(folder);
    const { filename } = (await change).value ?? {};
    const running = async () => (await listProcesses()).filter(({ args }) => args.includes(String(filename)));
    while ((await running()).length === 0);
    await owner.kill();
    await killAll((await running()).map(({ pid }) => pid));
    expect(await readdir(folder.data)).toEqual([expect.stringContaining("draft")]);
    await using _server = await start(folder);
    expect((await readdir(folder.data)).sort()).toEqual(["cluster", "server.log"]);
  });
});
