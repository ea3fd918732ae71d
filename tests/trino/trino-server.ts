import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { endProcess } from "../lib/end-process.ts";
import { freePort } from "../lib/free-port.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

/** Where `.ci/install-trino` installs it. */
const home = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sluice/trino-476");
const javaVersionMin = 24;
const startMsMax = 180_000;
const pollMs = 200;

/** A Java that runs Trino: of JAVA_HOME, of the PATH, or any that the system has. */
function findJava(): string | undefined {
  const homes = [process.env.JAVA_HOME ?? "", ...globSync("/usr/lib/jvm/*")].filter((path) => path !== "");
  return [...homes.map((path) => join(path, "bin/java")), "java"].find((java) => {
    const { stderr, error } = spawnSync(java, ["-version"], { encoding: "utf8" });
    return !error && Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) >= javaVersionMin;
  });
}

export type TrinoServer = AsyncDisposable & {
  readonly port: number;
  /** Runs a statement to its end, and fails with the server's error. Values are of JSON, as the server writes them. */
  run(sql: string): Promise<unknown[][]>;
  /** States of the statements that the server knows, by their text. */
  states(): Promise<Map<string, string>>;
  /** Stops, continues or ends the server's process. */
  signal(signal: NodeJS.Signals): void;
};

/** Catalogs of the server: `memory`, which is writable, and `tpch`. */
export async function startTrino(): Promise<TrinoServer> {
  const java = findJava();
  if (!existsSync(home)) throw new Error("Trino is not installed: run .ci/install-trino");
  if (java === undefined)
    throw new Error(`there is no Java ${javaVersionMin} or later: set JAVA_HOME to one`);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const port = await freePort();
  await mkdir(join(folder, "etc/catalog"), { recursive: true });
  await writeFile(join(folder, "etc/catalog/memory.properties"), "connector.name=memory\n");
  await writeFile(join(folder, "etc/catalog/tpch.properties"), "connector.name=tpch\n");
  await writeFile(join(folder, "etc/config.properties"), settings(port, folder));
  await writeFile(join(folder, "etc/log.properties"), "io.trino=ERROR\n");
  const child = stack.adopt(spawnServer(java, folder), (started) => endProcess(started));
  const address = `http://127.0.0.1:${port}`;
  await awaitServer(address, child);
  const owned = stack.move();
  return {
    port,
    run: (sql) => run(address, sql),
    async states() {
      const response = await fetch(`${address}/v1/query`, { headers: { "x-trino-user": "test" } });
      const queries = (await response.json()) as { query: string; state: string }[];
      return new Map(queries.map(({ query, state }) => [query, state]));
    },
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const settings = (port: number, folder: string) => `
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=${port}
discovery.uri=http://127.0.0.1:${port}
node.environment=test
node.id=one
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
catalog.config-dir=${join(folder, "etc/catalog")}
plugin.dir=${join(home, "plugin")}
query.max-memory=300MB
query.max-memory-per-node=300MB
`;

function spawnServer(java: string, folder: string): ChildProcess {
  const options = [
    ...[
      "-Xmx1G",
      "-XX:TieredStopAtLevel=1",
      "-XX:+ExitOnOutOfMemoryError",
      "-Djdk.attach.allowAttachSelf=true",
    ],
    "--add-modules=jdk.incubator.vector",
    `-Dconfig=${join(folder, "etc/config.properties")}`,
    `-Dlog.levels-file=${join(folder, "etc/log.properties")}`,
  ];
  return spawn(java, [...options, "-cp", join(home, "lib/*"), "io.trino.server.TrinoServer"], {
    cwd: folder,
    stdio: "ignore",
  });
}

async function awaitServer(address: string, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += pollMs) {
    if (child.exitCode !== null) throw new Error(`Trino ended with ${child.exitCode}`);
    const isReady = await run(address, "select 1").then(
      () => true,
      () => false,
    );
    if (isReady) return;
    await delay(pollMs);
  }
  throw new Error(`Trino is not ready after ${startMsMax / 1000} s`);
}

type Results = { nextUri?: string; data?: unknown[][]; error?: { message: string } };

async function run(address: string, sql: string): Promise<unknown[][]> {
  const headers = { "x-trino-user": "test", "x-trino-time-zone": "UTC" };
  const rows: unknown[][] = [];
  let response = await fetch(`${address}/v1/statement`, { method: "POST", body: sql, headers });
  for (;;) {
    const results = (await response.json()) as Results;
    if (results.error) throw new Error(results.error.message);
    rows.push(...(results.data ?? []));
    if (results.nextUri === undefined) return rows;
    response = await fetch(results.nextUri, { headers });
  }
}
