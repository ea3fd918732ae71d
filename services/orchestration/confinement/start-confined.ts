import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LaunchPlan, Layer } from "./layers.ts";

export type ConfinedProgram = {
  readonly program: URL;
  /** The program's own folder, which it may write to. */
  readonly directory: string;
  readonly layers: readonly Layer[];
  readonly memoryBytes: number;
  readonly userId: number;
};

const launcher = fileURLToPath(new URL("launcher.ts", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What a program of ours is made of, and what the system's loader and Node read. Nothing here is anybody's secret. */
const parts = [
  ...["services", "gen", "node_modules", "package.json"].map((name) => `${root}${name}`),
  process.execPath,
  ...["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"],
  ...["/dev/null", "/dev/urandom", "/usr/share/zoneinfo"],
  // Without it DuckDB's allocator maps memory in a way that RLIMIT_DATA does not count.
  "/proc/sys/vm/overcommit_memory",
  // DuckDB counts processors and looks for limits of a container, and fails where it may not.
  ...["/proc/self/cgroup", "/proc/meminfo", "/sys/fs/cgroup", "/sys/devices/system/cpu/online"],
];

/** V8's heap: rows of an answer and messages, no tables. */
const heapMiB = 256;
const nodeOptions = [`--max-old-space-size=${heapMiB}`, "--disable-warning=ExperimentalWarning"];

/**
 * Starts a program of ours that can only compute: `layers` are the restrictions to apply. It gets none of our environment
 * and speaks over descriptor 3. Without any layer it runs under Node's permission model, which binds JavaScript only.
 */
export function startConfined(confined: ConfinedProgram): ChildProcess {
  const child = spawn(...commandOf(confined), {
    cwd: confined.directory,
    env: environment,
    // Ctrl-C in the terminal is for us.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  // That it could not start shows when it is asked.
  child.on("error", () => {});
  return child;
}

/** Nothing of our own environment, which holds secrets of the mesh. */
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

/** Of the links that lead there, `/proc/self` is another one for each process. */
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
