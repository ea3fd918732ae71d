import { setImmediate as nextTurn } from "node:timers/promises";
import type { ByteCursor } from "./byte-source.ts";
import { type Opcode, opcodes } from "./pickle-opcodes.ts";

/** What a pickle imports, as `os.system`: the first `importsMax` names. */
export type PickleScan = { readonly imports: readonly string[] };

const importsMax = 20;
/** Opcodes that are read. A longer pickle is one, even if its end was not seen. */
const opcodesMax = 1_000_000;
/** Opcodes after which other work of the process has its turn. */
const turnOpcodes = 10_000;
const lineBytesMax = 64 * 1024 * 1024;
/** Longer texts are no names of modules. */
const nameBytesMax = 1000;
const protocolMax = 5;

type Machine = {
  /** Values on the stack, and their number at each mark. */
  depth: number;
  readonly marks: number[];
  /** The last two texts, of which STACK_GLOBAL makes a name. */
  texts: string[];
  /** Texts by their place in the memo. */
  readonly memo: Map<number, string>;
  memoized: number;
  readonly imports: Set<string>;
  called: boolean;
  /** Whether the last opcode was STOP. */
  stopped: boolean;
  ended: boolean;
};

/** Opcodes that may still be read, of several pickles together. */
export type OpcodeBudget = { left: number };

/**
 * Reads opcodes of a Python pickle without running them. Undefined if the bytes are none. A pickle has no signature
 * before protocol 2, and its code runs before a damaged end is noticed. So bytes are a pickle if they begin with its
 * protocol, or are valid up to a call, or are valid and complete.
 */
export async function scanPickle(
  cursor: ByteCursor,
  budget: OpcodeBudget = { left: opcodesMax },
): Promise<PickleScan | undefined> {
  const machine: Machine = {
    depth: 0,
    marks: [],
    texts: [],
    memo: new Map(),
    memoized: 0,
    imports: new Set(),
    called: false,
    stopped: false,
    ended: false,
  };
  const hasProtocol = await runNext(machine, cursor);
  if (hasProtocol === "protocol" && (await runNext(machine, cursor)) !== undefined) machine.called = true;
  for (let count = 0; count < opcodesMax && budget.left > 0 && !machine.ended; count += 1) {
    budget.left -= 1;
    if (count % turnOpcodes === turnOpcodes - 1) await nextTurn();
    await runNext(machine, cursor);
  }
  const isLonger = !machine.ended;
  const isPickle = machine.called || isLonger || (machine.stopped && (await cursor.atEnd()));
  return isPickle ? { imports: [...machine.imports] } : undefined;
}

/** Runs one opcode and returns what it does; undefined, and the machine has ended, where there is no valid one. */
async function runNext(machine: Machine, cursor: ByteCursor): Promise<string | undefined> {
  const opcode = machine.ended ? undefined : opcodes.get((await cursor.byte()) ?? -1);
  const argument = opcode && (await readArgument(cursor, opcode));
  const isTooNew = opcode?.does === "protocol" && (argument?.number ?? 0) > protocolMax;
  if (!opcode || !argument || isTooNew || !step(machine, opcode, argument)) {
    machine.ended = true;
    return undefined;
  }
  machine.stopped = opcode.does === "stop";
  machine.ended = machine.stopped;
  return opcode.does ?? "other";
}

type ReadArgument = { readonly text?: string; readonly lines?: readonly string[]; readonly number: number };

/** Undefined if the bytes end, or are no argument of this opcode. */
async function readArgument(cursor: ByteCursor, { argument }: Opcode): Promise<ReadArgument | undefined> {
  switch (argument.kind) {
    case "none":
      return { number: -1 };
    case "bytes": {
      const given = await cursor.take(argument.count);
      return given && { number: littleEndian(given) };
    }
    case "sized":
      return readSized(cursor, argument.lengthBytes, argument.isText);
    case "lines":
      return readLines(cursor, argument.forms);
  }
}

async function readSized(
  cursor: ByteCursor,
  lengthBytes: number,
  isText: boolean,
): Promise<ReadArgument | undefined> {
  const prefix = await cursor.take(lengthBytes);
  if (!prefix) return undefined;
  const length = littleEndian(prefix);
  if (!isText || length > nameBytesMax) {
    return (await cursor.skip(length)) ? { number: 0, text: "" } : undefined;
  }
  const given = await cursor.take(length);
  return given && { number: 0, text: Buffer.from(given).toString() };
}

async function readLines(cursor: ByteCursor, forms: readonly RegExp[]): Promise<ReadArgument | undefined> {
  const lines: string[] = [];
  for (const form of forms) {
    const given = await cursor.line(lineBytesMax);
    const text = given && Buffer.from(given.subarray(0, nameBytesMax)).toString();
    if (text === undefined || !form.test(text)) return undefined;
    lines.push(text.replace(/\r$/, ""));
  }
  const [first = ""] = lines;
  return { number: Number(first), lines, ...(lines.length === 1 && { text: first }) };
}

const littleEndian = (bytes: Uint8Array): number => bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);

/** Returns false where Python's unpickler would fail. */
function step(machine: Machine, opcode: Opcode, argument: ReadArgument): boolean {
  const floor = machine.marks.at(-1) ?? 0;
  if (opcode.does === "pop") return pop(machine, floor);
  if (opcode.does === "mark") {
    machine.marks.push(machine.depth);
    return true;
  }
  if (opcode.toMark) {
    const mark = machine.marks.pop();
    if (mark === undefined) return false;
    machine.depth = mark;
  } else if (machine.depth - (opcode.does === "stop" ? 0 : floor) < opcode.needs) return false;
  machine.depth += opcode.change;
  record(machine, opcode, argument);
  return true;
}

function pop(machine: Machine, floor: number): boolean {
  if (machine.depth > floor) machine.depth -= 1;
  else return machine.marks.pop() !== undefined;
  return true;
}

function record(machine: Machine, { does }: Opcode, { text, lines, number }: ReadArgument): void {
  if (lines?.length === 2) addImport(machine, lines.join("."));
  if (does === "name") addImport(machine, machine.texts.join("."));
  if (does === "call") machine.called = true;
  // MEMOIZE takes the next place, other opcodes name theirs.
  if (does === "put") remember(machine, number < 0 ? machine.memoized : number);
  else if (does === "get") pushText(machine, machine.memo.get(number) ?? "");
  else if (text !== undefined) pushText(machine, text);
}

function pushText(machine: Machine, text: string): void {
  machine.texts = [...machine.texts.slice(-1), text];
}

function remember(machine: Machine, place: number): void {
  machine.memo.set(place, machine.texts.at(-1) ?? "");
  machine.memoized += 1;
}

function addImport(machine: Machine, name: string): void {
  if (machine.imports.size < importsMax) machine.imports.add(name.slice(0, 200));
}
