import { writeFileSync } from "node:fs";
import { systemCallFilter } from "./filter.ts";
import { pointerTo, systemCall } from "./kernel.ts";
import { createRuleset, restrictBy } from "./landlock.ts";
import { channelDescriptor, type LaunchPlan, type Layer } from "./layers.ts";
import { mappedBytesMax } from "./mapped-memory.ts";

// Restrictions apply to the calling thread and its children, and Node already runs other threads. So this process restricts its
// main thread and then executes the program, whose threads are all restricted.

const newNetwork = 0x4000_0000;
const newIpc = 0x0800_0000;
const dataLimit = 2;
const coreLimit = 4;
const processesLimit = 6;
const filesLimit = 7;
/** Threads of Node and DuckDB, with a margin. The kernel counts them per user, so only a user of its own gets this limit. */
const threadsMax = 256;
const openFilesMax = 512;
const fileSizeLimit = 1;
/** Larger than DuckDB's limit of spilled data. */
const fileBytesMax = 5 * 1024 ** 3;
const setDeathSignal = 1;
const setNoNewPrivileges = 38;
const setFilter = 1;
const setDescriptorFlags = 2;
const sigkill = 9;

/** The OOM killer's highest score: this process is killed first. */
const oomScoreMax = "1000";

const plan = JSON.parse(process.argv[2] ?? "") as LaunchPlan;
launch(plan);

function launch({ directory, environment, nodeOptions, program, parentPid }: LaunchPlan): void {
  process.chdir(directory);
  apply("memory", () => {
    writeFileSync("/proc/self/oom_score_adj", oomScoreMax);
    limit(dataLimit, mappedBytesMax(plan.memoryBytes));
    limit(coreLimit, 0);
    limit(fileSizeLimit, fileBytesMax);
    limit(filesLimit, openFilesMax);
    if (plan.layers.includes("user") && process.getuid?.() === 0) limit(processesLimit, threadsMax);
  });
  // Without root, `unshare` created the namespace before this program: that requires a process with a single thread.
  apply("network", () => process.getuid?.() === 0 && systemCall("unshare", newNetwork | newIpc));
  let ruleset = -1;
  // Opened before the user changes, because that user may not reach the files.
  apply("files", () => {
    ruleset = createRuleset(plan.readable, directory);
  });
  apply("user", () => becomeUser(plan.userId));
  // Set after the user, because a change of the user resets it.
  systemCall("prctl", setDeathSignal, sigkill);
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
  apply("privileges", () => systemCall("prctl", setNoNewPrivileges, 1));
  apply("files", () => restrictBy(ruleset));
  apply("systemCalls", () => installFilter(systemCallFilter(process.pid)));
  // Node sets FD_CLOEXEC on the channel to the parent, which would close it now.
  systemCall("fcntl", channelDescriptor, setDescriptorFlags, 0);
  process.execve?.(process.execPath, [process.execPath, ...nodeOptions, program], environment);
}

/** Ends the launch if a layer cannot be applied. The first line of stderr names the layer. */
function apply(layer: Layer, restrict: () => void): void {
  if (!plan.layers.includes(layer)) return;
  try {
    restrict();
  } catch (error) {
    console.error(`${layer}: ${(error as Error).message}`);
    process.exit(1);
  }
}

function limit(resource: number, value: number): void {
  const limits = Buffer.alloc(16);
  limits.writeBigUInt64LE(BigInt(value), 0);
  limits.writeBigUInt64LE(BigInt(value), 8);
  systemCall("prlimit64", 0, resource, limits, 0);
}

function becomeUser(userId: number): void {
  if (process.getuid?.() !== 0) return;
  systemCall("setgroups", 0, 0);
  systemCall("setresgid", userId, userId, userId);
  systemCall("setresuid", userId, userId, userId);
}

/** Passes the filter as the kernel's struct sock_fprog: a length and a pointer. */
function installFilter(filter: Buffer): void {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(pointerTo(filter), 8);
  systemCall("seccomp", setFilter, 0, program);
}
