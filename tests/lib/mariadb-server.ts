import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Connection, createConnection } from "mysql2/promise";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";
import { temporaryFolder } from "./test-mesh.ts";

const versionOf = (program: string) => spawnSync(program, ["--version"], { encoding: "utf8" });
const server = versionOf("mariadbd");

/** Tests that need MariaDB are skipped without it; `.ci/install-mariadb` installs it. */
export const hasMariaDb = server.status === 0 && spawnSync("which", ["mariadb-install-db"]).status === 0;

/** Suffix of a title that says why the test is skipped. */
export const mariaDbMissing = hasMariaDb ? "" : ": skipped, since mariadbd is not on the PATH";

export type MariaDbServer = AsyncDisposable & {
  readonly port: number;
  /** A connection that may do everything, over a unix socket. */
  readonly admin: Connection;
  /** Stops and continues the server's process, or ends it. */
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
};

/** Data need not survive the machine, and the server listens on the loopback interface only. */
const settings = [
  "--no-defaults",
  "--debug-no-sync",
  "--innodb-flush-method=nosync",
  "--innodb-flush-log-at-trx-commit=0",
  "--innodb-log-file-size=8M",
  "--skip-name-resolve",
  ...(process.getuid?.() === 0 ? ["--user=root"] : []),
];

/** Starts `mariadbd` from the PATH with an empty database, and with further options. */
export async function startMariaDb(options: readonly string[] = []): Promise<MariaDbServer> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const data = join(folder, "data");
  await cp(await template(), data, { recursive: true });
  const port = await freePort();
  const socket = join(folder, "s");
  const child = await spawnServer([
    ...settings,
    `--datadir=${data}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${socket}`,
    `--pid-file=${join(folder, "pid")}`,
    "--innodb-buffer-pool-size=32M",
    "--max-connections=60",
    ...options,
  ]);
  stack.defer(() => endProcess(child));
  const admin = await createConnection({ socketPath: socket, user: "root", multipleStatements: true });
  stack.defer(() => admin.destroy());
  // A server that a test kills takes the connection with it.
  admin.on("error", () => undefined);
  const owned = stack.move();
  return {
    port,
    admin,
    signal: (signal) => void child.kill(signal),
    kill: () => endProcess(child),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A folder with the system's tables, which is made once for each version of the server. */
async function template(): Promise<string> {
  const cache = join(import.meta.dirname, "../../node_modules/.cache/sluice-mariadb");
  const version = server.stdout.trim().replaceAll(/[^\w.]+/g, "-");
  const path = join(cache, version);
  await mkdir(cache, { recursive: true });
  if (spawnSync("test", ["-e", path]).status === 0) return path;
  const made = await mkdtemp(join(cache, "new-"));
  const options = ["--skip-test-db", "--auth-root-authentication-method=normal", `--datadir=${made}`];
  const child = spawn("mariadb-install-db", [...settings, ...options], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("mariadb-install-db fails");
  // Another process may have been faster.
  await rename(made, path).catch(() => rm(made, { recursive: true }));
  return path;
}

async function spawnServer(options: readonly string[]): Promise<ChildProcess> {
  const child = spawn("mariadbd", options, { stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    if (!line.includes("ready for connections")) continue;
    child.stderr.resume();
    return child;
  }
  throw new Error(`mariadbd does not start:\n${said.slice(-10).join("\n")}`);
}
