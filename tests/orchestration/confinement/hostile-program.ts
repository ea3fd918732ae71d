import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { dlopen, getInt32, getRawPointer } from "node:ffi";
import * as fs from "node:fs";
import { connect, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

// Replaces the engine's program and acts like native code under an attacker's control: it opens files, connects, sends signals and
// makes system calls. It reports the attempts that were refused and those that succeeded.

/** Targets that the test prepared, in a file of its folder. */
type Targets = {
  readonly secretFile: string;
  readonly writableFolder: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly unixSocket: string;
  readonly victimPid: number;
};
const targets = JSON.parse(fs.readFileSync("targets.json", "utf8")) as Targets;
const { secretFile, writableFolder, victimPid } = targets;

const isX64 = process.arch === "x64";
const numbers = {
  bpf: isX64 ? 321 : 280,
  fcntl: isX64 ? 72 : 25,
  mmap: isX64 ? 9 : 222,
  truncate: isX64 ? 76 : 45,
  clone: isX64 ? 56 : 220,
  ioUringSetup: 425,
  keyctl: isX64 ? 250 : 219,
  memfdCreate: isX64 ? 319 : 279,
  mount: isX64 ? 165 : 40,
  openByHandleAt: isX64 ? 304 : 265,
  perfEventOpen: isX64 ? 298 : 241,
  pidfdOpen: 434,
  prctl: isX64 ? 157 : 167,
  prlimit64: isX64 ? 302 : 261,
  processVmReadv: isX64 ? 310 : 270,
  ptrace: isX64 ? 101 : 117,
  setns: isX64 ? 308 : 268,
  setuid: isX64 ? 105 : 146,
  socket: isX64 ? 41 : 198,
  unshare: isX64 ? 272 : 97,
  userfaultfd: isX64 ? 323 : 282,
} as const;

const { syscall, __errno_location: errnoLocation } = dlopen(null, {
  syscall: { arguments: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], return: "i64" },
  __errno_location: { arguments: [], return: "pointer" },
}).functions;

const badAddress = 14;

/** EFAULT means that the filter let the call through to the kernel. */
function kernel(name: keyof typeof numbers, ...values: number[]): void {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n, sixth = 0n] = values.map(BigInt);
  const result = syscall(BigInt(numbers[name]), first, second, third, fourth, fifth, sixth);
  if (result < 0n && getInt32(errnoLocation()) !== badAddress) throw new Error("refused");
}

const setDeathSignal = 1;
const newUserNamespace = 0x1000_0000;
const sigchld = 17;
const dataLimit = 2;
const openFilesLimit = 7;
const sharedAnonymous = 0x21;
const setOwner = 8;
const secretPath = Buffer.from(`${secretFile}\0`);
const unlimited = Buffer.alloc(16, 0xff);

const attempts: Readonly<Record<string, () => unknown>> = {
  "read another file": () => fs.readFileSync(secretFile),
  "read it through a link": () => {
    fs.symlinkSync(secretFile, "link");
    return fs.readFileSync("link");
  },
  "read it through a path with ..": () => fs.readFileSync(join("..", "..", secretFile)),
  "link it here": () => fs.linkSync(secretFile, "hard-link"),
  "read accounts": () => fs.readFileSync("/etc/passwd"),
  "list the root": () => fs.readdirSync("/"),
  "list the folder above": () => fs.readdirSync(".."),
  "list processes": () => fs.readdirSync("/proc"),
  "read the parent's environment": () => fs.readFileSync(`/proc/${process.ppid}/environ`),
  "read the parent's memory": () => fs.openSync(`/proc/${process.ppid}/mem`, "r"),
  "write elsewhere": () => fs.writeFileSync(join(writableFolder, "written"), ""),
  "change the mode of a file": () => fs.chmodSync(secretFile, 0o777),
  "change the time of a file": () => fs.utimesSync(secretFile, 0, 0),
  "make a named pipe": () => spawnOrThrow("mkfifo", ["pipe"]),
  "run a shell": () => spawnOrThrow("/bin/sh", ["-c", "true"]),
  "run itself again": () => spawnOrThrow(process.execPath, ["--version"]),
  "become a shell": () => process.execve?.("/bin/sh", ["sh", "-c", "true"], {}),
  "signal the parent": () => process.kill(process.ppid, 0),
  "signal another process": () => process.kill(victimPid, 0),
  "signal its process group": () => process.kill(0, 0),
  "signal everybody": () => process.kill(-1, 0),
  "become root": () => kernel("setuid", 0),
  "outlive the parent": () => kernel("prctl", setDeathSignal, 0),
  "lift its memory limit": () => kernel("prlimit64", 0, dataLimit, Number(getRawPointer(unlimited)), 0),
  "limit another process, by an address whose lower half is zero": () =>
    kernel("prlimit64", victimPid, openFilesLimit, 0x7_0000_0000, 0),
  "take memory that is shared with nobody": () => kernel("mmap", 0, 4096, 3, sharedAnonymous, -1, 0),
  "empty a file": () => kernel("truncate", Number(getRawPointer(secretPath)), 0),
  "have another process signalled": () => kernel("fcntl", 3, setOwner, victimPid),
  "trace the parent": () => kernel("ptrace", 16, process.ppid),
  "read another's memory": () => kernel("processVmReadv", victimPid),
  "start a process": () => kernel("clone", sigchld),
  "make a user namespace": () => kernel("unshare", newUserNamespace),
  "enter a namespace": () => kernel("setns", 0),
  mount: () => kernel("mount"),
  "open a file by its handle": () => kernel("openByHandleAt", -100),
  "make a ring of input and output": () =>
    kernel("ioUringSetup", 8, Number(getRawPointer(Buffer.alloc(120)))),
  "load a program into the kernel": () => kernel("bpf"),
  "watch the processor": () => kernel("perfEventOpen"),
  "take a handle of a process": () => kernel("pidfdOpen", victimPid),
  "make memory that no limit counts": () => kernel("memfdCreate", Number(getRawPointer(Buffer.from("m\0")))),
  "handle its own page faults": () => kernel("userfaultfd"),
  "read the keyring": () => kernel("keyctl", 0, -3),
  "open a raw socket": () => kernel("socket", 2, 3, 1),
  "open a netlink socket": () => kernel("socket", 16, 3, 0),
  "see a network interface": () => {
    if (Object.keys(networkInterfaces()).length === 0) throw new Error("none");
  },
};

const waits: Readonly<Record<string, () => Promise<unknown>>> = {
  "connect by TCP": () => connected(connect(targets.tcpPort, "127.0.0.1")),
  "connect to a socket in the file system": () => connected(connect(targets.unixSocket)),
  "send a datagram": async () => {
    const socket = createSocket("udp4");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on("error", reject);
    socket.send("hello", targets.udpPort, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
    return promise;
  },
};

const connected = (socket: Socket) => once(socket, "connect");

function spawnOrThrow(command: string, args: string[]): void {
  const { error, status } = spawnSync(command, args);
  if (error || status !== 0) throw error ?? new Error("refused");
}

const refused: string[] = [];
const succeeded: string[] = [];
for (const [name, attempt] of Object.entries({ ...attempts, ...waits })) {
  try {
    await attempt();
    succeeded.push(name);
  } catch {
    refused.push(name);
  }
}
fs.writeFileSync("own-file", "written");
const { pid } = process;
const userId = process.getuid?.();
const environment = Object.keys(process.env).sort();
const response = { refused, succeeded, own: fs.readFileSync("own-file", "utf8"), pid, userId, environment };
new Socket({ fd: 3 }).end(JSON.stringify(response));
