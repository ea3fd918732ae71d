import { readFileSync } from "node:fs";
import type { Form } from "./forms.ts";
import type { ScanOptions } from "./scan-options.ts";
import { createTally, type Example, type Tally } from "./tally.ts";

/** An instance of kernel/scan.ts in WebAssembly with its own memory. */
export type Kernel = {
  block(): Uint8Array;
  grow(): void;
  scan(to: number, limit: number, isEnd: boolean): number;
  tally(): Tally;
  problem(): number;
  fieldCount(): number;
  lineCount(): number;
};

const module = new WebAssembly.Module(readFileSync(new URL("kernel/scan.wasm", import.meta.url)));

const pageBytes = 64 * 1024;
const blockBytes = 4 * 1024 * 1024;
/** Bytes after a block that the scan may read. */
const overreadBytes = 64;
/** Examples of values are truncated to this length. */
const exampleBytesMax = 60;

const kindNumbers = {
  text: 0,
  boolean: 0,
  integer: 1,
  decimal: 2,
  date: 3,
  time: 4,
  timestamp: 5,
  timestamptz: 6,
} as const;
const flags = { iso: 1, yearFirst: 2, grouped: 4 } as const;

type Exports = {
  readonly configure: (at: number) => void;
  readonly scan: (from: number, to: number, limit: number, isEnd: boolean) => number;
} & Readonly<Record<CounterName, WebAssembly.Global>>;
type CounterName =
  | "rowCount"
  | "lineCount"
  | "lfCount"
  | "crlfCount"
  | "crCount"
  | "bareQuoteCount"
  | "blankLineCount"
  | "innerLineCount"
  | "rowBytesMax"
  | "problem"
  | "fieldCount";

export function createKernel(options: ScanOptions): Kernel {
  const { columnCount, forms } = options;
  const layout = layOutMemory(options);
  const memory = new WebAssembly.Memory({ initial: pagesFor(layout.block + blockBytes + overreadBytes) });
  const examples = new Map<number, Example>();
  let blockSize = blockBytes;
  const service = {
    isDoubleText: (from: number, to: number) => isDoubleText(textAt(from, to), options.decimalMark),
    onFirst: (column: number, form: number, from: number, to: number) => {
      examples.set(column * forms.length + form, { line: count("lineCount"), text: exampleOf(from, to) });
    },
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, service });
  const kernel = exports as unknown as Exports;
  const count = (name: CounterName): number => kernel[name].value >>> 0;
  const bytesAt = (from: number, to: number) => Buffer.from(memory.buffer, from, to - from);
  const textAt = (from: number, to: number) => bytesAt(from, to).toString("latin1");

  function exampleOf(from: number, to: number): string {
    const end = Math.min(to, from + exampleBytesMax);
    // Removes a truncated character, which decodes to the replacement character.
    const text = bytesAt(from, end)
      .toString()
      .replace(/\uFFFD+$/, "");
    return end < to ? `${text}…` : text;
  }

  const empty = createTally(columnCount, forms.length);
  writeTables(memory, layout, options);
  new Int32Array(memory.buffer, layout.facts, empty.facts.length).set(empty.facts);
  kernel.configure(layout.settings);

  function readOffsets(): Map<number, string> {
    const found = new Map<number, string>();
    for (let column = 0; column < columnCount; column += 1) {
      const at = layout.offsets + column * 8;
      const length = new Uint8Array(memory.buffer)[at + 7] ?? 0;
      if (length > 0) found.set(column, textAt(at, at + length));
    }
    return found;
  }

  return {
    block: () => new Uint8Array(memory.buffer, layout.block, blockSize),
    grow() {
      memory.grow(pagesFor(blockSize));
      blockSize *= 2;
    },
    scan: (to, limit, isEnd) =>
      kernel.scan(layout.block, layout.block + to, layout.block + limit, isEnd) - layout.block,
    tally: () => ({
      ...empty,
      rowCount: count("rowCount"),
      lineCount: count("lineCount"),
      counts: Float64Array.from(new Uint32Array(memory.buffer, layout.counts, empty.counts.length)),
      facts: Int32Array.from(new Int32Array(memory.buffer, layout.facts, empty.facts.length)),
      nullCounts: Float64Array.from(new Uint32Array(memory.buffer, layout.nullCounts, columnCount)),
      emptyCounts: Float64Array.from(new Uint32Array(memory.buffer, layout.emptyCounts, columnCount)),
      examples,
      offsets: readOffsets(),
      newlines: { lf: count("lfCount"), crlf: count("crlfCount"), cr: count("crCount") },
      bareQuoteCount: count("bareQuoteCount"),
      blankLineCount: count("blankLineCount"),
      innerLineCount: count("innerLineCount"),
      rowBytesMax: count("rowBytesMax"),
    }),
    problem: () => count("problem"),
    fieldCount: () => count("fieldCount"),
    lineCount: () => count("lineCount"),
  };
}

type Layout = ReturnType<typeof layOutMemory>;

const pagesFor = (bytes: number): number => Math.ceil(bytes / pageBytes);

/** Addresses of the tables; the block comes last. */
function layOutMemory({ columnCount, forms, automaton }: ScanOptions) {
  let end = 1024;
  const allocate = (bytes: number): number => {
    const at = end;
    end = Math.ceil((at + bytes) / 16) * 16;
    return at;
  };
  const stateCount = automaton.accepted.length;
  const factCount = createTally(1, 1).facts.length;
  return {
    settings: allocate(256),
    classes: allocate(256),
    next: allocate(automaton.next.length * 2),
    accepted: allocate(stateCount),
    kinds: allocate(forms.length),
    flags: allocate(forms.length),
    fields: allocate(columnCount * 12),
    counts: allocate(columnCount * forms.length * 4),
    facts: allocate(columnCount * factCount * 4),
    nullCounts: allocate(columnCount * 4),
    emptyCounts: allocate(columnCount * 4),
    offsets: allocate(columnCount * 8),
    block: allocate(0),
  };
}

function writeTables(memory: WebAssembly.Memory, layout: Layout, options: ScanOptions): void {
  const { automaton, forms, columnCount, dialect, decimalMark } = options;
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(automaton.classes, layout.classes);
  new Uint16Array(memory.buffer, layout.next, automaton.next.length).set(automaton.next);
  bytes.set(automaton.accepted, layout.accepted);
  forms.forEach((form, index) => {
    bytes[layout.kinds + index] = kindNumbers[form.kind];
    bytes[layout.flags + index] = flagsOf(form);
  });
  const formIndex = (name: string) =>
    Math.max(
      0,
      forms.findIndex((form) => form.name === name),
    );
  new Int32Array(memory.buffer, layout.settings, 24).set([
    layout.classes,
    layout.next,
    automaton.stride,
    automaton.start,
    layout.accepted,
    layout.kinds,
    layout.flags,
    layout.fields,
    layout.counts,
    layout.facts,
    layout.nullCounts,
    layout.emptyCounts,
    layout.offsets,
    columnCount,
    forms.length,
    dialect.delimiter,
    dialect.quote ?? 256,
    decimalMark,
    formIndex("integer"),
    formIndex("decimal"),
    formIndex("a number with leading zeros"),
    formIndex("ISO date"),
    formIndex("ISO date, time"),
    formIndex("ISO timestamp"),
  ]);
}

function flagsOf({ name }: Form): number {
  if (/^(ISO|timestamp)/.test(name)) return flags.iso | flags.yearFirst;
  if (name.startsWith("year")) return flags.yearFirst;
  return name.endsWith("in groups") ? flags.grouped : 0;
}

/** Whether the notation of the nearest double is this number, apart from trailing zeros of the fraction. */
function isDoubleText(text: string, decimalMark: number): boolean {
  const mark = String.fromCharCode(decimalMark);
  const [whole = "", fraction = ""] = text.split(mark);
  const digits = whole.replace(/[^0-9]/g, "") || "0";
  const rest = fraction.replace(/0+$/, "");
  const plain = rest === "" ? digits : `${digits}.${rest}`;
  return String(Number(plain)) === plain;
}
