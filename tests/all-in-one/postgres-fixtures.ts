import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, lstat, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import postgres from "postgres";
import { afterAll } from "vitest";
import { findPackage } from "../../services/all-in-one/postgres/find-package.ts";
import { type EmbeddedPostgres, startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";
import { killAll, listProcesses } from "../lib/processes.ts";

export const isRoot = process.geteuid?.() === 0;
const repository = join(import.meta.dirname, "../..");

/** A folder that every account can enter; mkdtemp creates private ones. */
export async function openFolder(): Promise<
  AsyncDisposable & { path: string; data: string; shared: string }
> {
  const path = await mkdtemp(join(tmpdir(), "sluice-test-"));
  await chmod(path, 0o755);
  return {
    path,
    data: join(path, "data"),
    shared: join(path, "shared"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export const start = ({ data, shared }: { data: string; shared: string }, settings = {}) =>
  startPostgres({
    dataDirectory: data,
    sharedDirectory: shared,
    settings: { fsync: "off", shared_buffers: "16MB", ...settings },
  });

export function connect(server: EmbeddedPostgres, password = server.superuser.password) {
  return postgres({ ...server.superuser, password, database: "postgres", max: 1, onnotice: () => {} });
}

/** The notes that owners inserted, read in a new session. */
export async function readNotes(server: EmbeddedPostgres): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(connect(server), (client) => client.end());
  return (await sql`select text from note`).map((row) => row.text);
}

let template: Promise<AsyncDisposable & { data: string }> | undefined;
afterAll(async () => (await template)?.[Symbol.asyncDispose]());

/** A copy of a folder that was started before, which saves the time of initdb. */
export async function usedFolder() {
  template ??= makeTemplate();
  const [{ data }, folder] = await Promise.all([template, openFolder()]);
  await promisify(execFile)("cp", ["-a", data, folder.data]);
  return folder;
}

async function makeTemplate() {
  const folder = await openFolder();
  const server = await start(folder);
  await server[Symbol.asyncDispose]();
  return folder;
}

/** Copies the files that owner.ts needs, as after npm install: without the links inside the package of the binaries. */
export async function copyCheckout(to: string): Promise<void> {
  const binaries = relative(repository, findPackage());
  const needed = [
    "package.json",
    "tests/all-in-one",
    "services/all-in-one/postgres",
    "node_modules/postgres",
    binaries,
  ];
  const filter = async (path: string) => !(await lstat(path)).isSymbolicLink();
  for (const path of needed) await cp(join(repository, path), join(to, path), { recursive: true, filter });
}

type OwnerOptions = { from?: string; uid?: number; gid?: number };

/** Runs owner.ts in a new process group. Its environment has wrong PG variables, which must have no effect. */
export function spawnOwner(
  folder: { data: string; shared: string },
  { from = repository, ...account }: OwnerOptions = {},
) {
  const child = spawn(
    process.execPath,
    [join(from, "tests/all-in-one/owner.ts"), folder.data, folder.shared],
    {
      cwd: "/",
      env: { PGPORT: "1", PGHOST: "nowhere", PGDATA: "/nowhere", PGDATABASE: "nowhere" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...account,
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const exit = once(child, "exit");
  return {
    pid: child.pid ?? 0,
    exit,
    /** The next line of output; the error output if the process exits instead. */
    next: async (): Promise<string> => (await lines.next()).value ?? complaint,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

export async function readPostmasterPid(data: string): Promise<number> {
  return Number((await readFile(join(data, "cluster/data/postmaster.pid"), "utf8")).split("\n")[0]);
}

export async function killPostmasterAndChildren(postmaster: number): Promise<void> {
  const family = (await listProcesses()).filter(({ pid, ppid }) => pid === postmaster || ppid === postmaster);
  await killAll(family.map(({ pid }) => pid));
}
