import { dlopen, getInt32, getRawPointer } from "node:ffi";
import { getSystemErrorName } from "node:util";
import { architectures, launchCalls } from "./system-calls.ts";

/** Numbers of this machine's architecture. */
export function architecture(): (typeof architectures)[keyof typeof architectures] {
  if (process.arch !== "x64" && process.arch !== "arm64") {
    throw new Error(`the system calls of ${process.arch} are unknown`);
  }
  return architectures[process.arch];
}

/** Keeps buffers alive whose addresses the kernel holds. */
const pointedTo: Buffer[] = [];

export function pointerTo(buffer: Buffer): bigint {
  pointedTo.push(buffer);
  return getRawPointer(buffer);
}

type Argument = number | bigint | Buffer;

const argument = (value: Argument): bigint =>
  typeof value === "object" ? pointerTo(value) : BigInt.asUintN(64, BigInt(value));

const open = () =>
  dlopen(null, {
    syscall: { arguments: ["i64", "u64", "u64", "u64", "u64", "u64"], return: "i64" },
    __errno_location: { arguments: [], return: "pointer" },
  }).functions;

/** Arguments of running calls. Addresses alone do not protect buffers from garbage collection. */
const held = new Set<readonly Argument[]>();

let libc: ReturnType<typeof open> | undefined;

/** Makes a system call in the calling thread. Throws an error with the errno's name. */
export function systemCall(name: keyof typeof launchCalls, ...values: Argument[]): number {
  libc ??= open();
  held.add(values);
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n] = values.map(argument);
  const number = launchCalls[name][architecture().column];
  const result = Number(libc.syscall(BigInt(number), first, second, third, fourth, fifth));
  held.delete(values);
  if (result >= 0) return result;
  throw new Error(`${name}: ${getSystemErrorName(-getInt32(libc.__errno_location()))}`);
}
