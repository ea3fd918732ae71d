import { architecture } from "./kernel.ts";
import { allowedCalls, guardedCalls } from "./system-calls.ts";

/** Opcodes of classic BPF. */
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAnyBit = 0x45;
const returnValue = 0x06;

/** Offsets in the kernel's struct seccomp_data: number, architecture and arguments of a call. */
const numberOffset = 0;
const architectureOffset = 4;
const argumentOffset = (index: number) => 16 + 8 * index;

const allow = 0x7fff_0000;
const kill = 0x8000_0000;
const errno = (code: number) => 0x0005_0000 | code;
const notPermitted = errno(1);
/** ENOSYS: callers fall back to another system call. */
const notImplemented = errno(38);

const cloneThread = 0x0001_0000;
/** PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_SET_VMA. */
const allowedProcessOptions = [15, 16, 39, 23, 0x5356_4d41];

const mapShared = 1;
const mapAnonymous = 0x20;
/** F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC, and the locks of open files. */
const allowedDescriptorCommands = [0, 1, 2, 3, 4, 5, 6, 7, 1030, 36, 37, 38];
/** TIOCSTI, FIOASYNC, FIOSETOWN, SIOCSPGRP: they inject terminal input, or direct signals at other processes. */
const refusedDeviceCommands = [0x5412, 0x5452, 0x8901, 0x8902];

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];

/**
 * The seccomp filter, encoded for the kernel, of the process with this id. Other system calls fail with ENOSYS. The process can
 * start threads but no processes, and signal only itself.
 */
export function systemCallFilter(pid: number): Buffer {
  const { column, audit } = architecture();
  const allowed = Object.values(allowedCalls).flatMap((numbers) => numbers[column] ?? []);
  const guarded = (name: keyof typeof guardedCalls, ...rule: Instruction[]): Instruction[] => [
    [jumpIfEqual, 0, rule.length, guardedCalls[name][column]],
    ...rule,
  ];
  return encode([
    [load, 0, 0, architectureOffset],
    [jumpIfEqual, 1, 0, audit],
    [returnValue, 0, 0, kill],
    [load, 0, 0, numberOffset],
    ...allowed.flatMap((number): Instruction[] => [
      [jumpIfEqual, 0, 1, number],
      [returnValue, 0, 0, allow],
    ]),
    ...guarded("clone", [load, 0, 0, argumentOffset(0)], [jumpIfAnyBit, 0, 1, cloneThread], ...allowOrNot),
    ...guarded("kill", ...argumentIn(0, [pid])),
    ...guarded("tgkill", ...argumentIn(0, [pid])),
    ...guarded("rt_sigqueueinfo", ...argumentIn(0, [pid])),
    ...guarded("prctl", ...argumentIn(0, allowedProcessOptions)),
    // Reading limits is allowed, setting them is not.
    ...guarded("prlimit64", ...pointerIsNull(2)),
    // RLIMIT_DATA does not count shared anonymous memory.
    ...guarded("mmap", ...hasNotBoth(3, mapShared, mapAnonymous)),
    ...guarded("fcntl", ...argumentIn(1, allowedDescriptorCommands)),
    ...guarded("ioctl", ...argumentNotIn(1, refusedDeviceCommands)),
    [returnValue, 0, 0, notImplemented],
  ]);
}

const allowOrNot: readonly Instruction[] = [
  [returnValue, 0, 0, allow],
  [returnValue, 0, 0, notPermitted],
];

/** Allows the call if the lower 32 bits of the argument are one of the values. */
const argumentIn = (index: number, values: readonly number[]): Instruction[] => [
  [load, 0, 0, argumentOffset(index)],
  ...values.flatMap((value): Instruction[] => [
    [jumpIfEqual, 0, 1, value],
    [returnValue, 0, 0, allow],
  ]),
  [returnValue, 0, 0, notPermitted],
];

/** Allows the call if the argument is a null pointer. */
const pointerIsNull = (index: number): Instruction[] => [
  [load, 0, 0, argumentOffset(index)],
  [jumpIfEqual, 0, 3, 0],
  [load, 0, 0, argumentOffset(index) + 4],
  [jumpIfEqual, 0, 1, 0],
  [returnValue, 0, 0, allow],
  [returnValue, 0, 0, notPermitted],
];

const argumentNotIn = (index: number, values: readonly number[]): Instruction[] => [
  [load, 0, 0, argumentOffset(index)],
  ...values.flatMap((value): Instruction[] => [
    [jumpIfEqual, 0, 1, value],
    [returnValue, 0, 0, notPermitted],
  ]),
  [returnValue, 0, 0, allow],
];

const hasNotBoth = (index: number, first: number, second: number): Instruction[] => [
  [load, 0, 0, argumentOffset(index)],
  [jumpIfAnyBit, 0, 2, first],
  [jumpIfAnyBit, 0, 1, second],
  [returnValue, 0, 0, notPermitted],
  [returnValue, 0, 0, allow],
];

function encode(instructions: readonly Instruction[]): Buffer {
  const program = Buffer.alloc(8 * instructions.length);
  instructions.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    program.writeUInt16LE(code, 8 * index);
    program.writeUInt8(jumpTrue, 8 * index + 2);
    program.writeUInt8(jumpFalse, 8 * index + 3);
    program.writeUInt32LE(value >>> 0, 8 * index + 4);
  });
  return program;
}
