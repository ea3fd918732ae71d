import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LaunchPlan, Layer } from "./layers.ts";

export type ConfinedProgram = {
  readonly program: URL;
  /** The only folder that the program may write to. */
  readonly directory: string;
  readonly layers: readonly Layer[];
  readonly memoryBytes: number;
  readonly userId: number;
};

const launcher = fileURLToPath(new URL("launcher.ts", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Files that the program, the system's loader and Node read. None contains secrets. */
const parts = [
  ...["services", "gen", "node_modules", "package.json"].map((name) => `${root}${name}`),
  process.execPath,
  ...["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"],
  ...["/dev/null", "/dev/urandom", "/usr/share/zoneinfo"],
  // If DuckDB's allocator cannot read it, it maps memory in a way that RLIMIT_DATA does not count.
  "/proc/sys/vm/overcommit_memory",
  // DuckDB reads the number of processors and the container's limits, and fails without access.
  ...["/proc/self/cgroup", "/proc/meminfo", "/sys/fs/cgroup", "/sys/devices/system/cpu/online"],
];

/** V8's heap holds the rows of one response and messages, never tables. */
const heapMiB = 256;
const nodeOptions = [`--max-old-space-size=${heapMiB}`, "--disable-warning=ExperimentalWarning"];

/**
 * Starts a program under the restrictions `layers`. It gets a minimal environment and communicates over descriptor 3. Without
 * any layer it runs under Node's permission model, which restricts only JavaScript.
 */
export function startConfined(confined: ConfinedProgram): ChildProcess {
  const child = spawn(...commandOf(confined), {
    cwd: confined.directory,
    env: environment,
    // A separate process group, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  // A failure to start is reported by the first request.
  child.on("error", () => {});
  return child;
}

/** This process's environment is not passed on, because it holds secrets. */
const environment = { OPENSSL_CONF: "/dev/null", TZ: "UTC", UV_USE_IO_URING: "0" };

function commandOf(confined: ConfinedProgram): [command: string, args: string[]] {
  const program = fileURLToPath(confined.program);
  if (confined.layers.length === 0) return [process.execPath, [...permissionsOf(confined, program), program]];
  const plan: LaunchPlan = {
    ...confined,
    program,
    environment,
    nodeOptions,
    readable: readableBy(program),
    parentPid: process.pid,
  };
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", launcher, JSON.stringify(plan)];
  const needsNamespace = confined.layers.includes("network") && process.getuid?.() !== 0;
  const [first = "", ...rest] = needsNamespace
    ? ["unshare", "--user", "--net", "--ipc", "--", ...command]
    : command;
  return [first, rest];
}

/** Paths in /proc are not resolved, because `/proc/self` differs between processes. */
const resolved = (path: string): string => (path.startsWith("/proc/") ? path : realpathSync(path));

const readableBy = (program: string): string[] => [
  ...new Set([...parts, program].filter(existsSync).map(resolved)),
];

function permissionsOf({ directory }: ConfinedProgram, program: string): string[] {
  const read = [...readableBy(program), directory];
  return [
    ...nodeOptions,
    "--permission",
    "--allow-addons",
    ...read.map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${directory}`,
  ];
}
