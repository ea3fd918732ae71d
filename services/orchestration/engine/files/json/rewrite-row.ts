import type { ColumnPlan } from "./column-plan.ts";
import { isSpace } from "./skip-between-rows.ts";

const quote = 34;
const backslash = 92;

const opens = (byte: number): boolean => byte === 123 || byte === 91;
const closes = (byte: number): boolean => byte === 125 || byte === 93;
const endsScalar = (byte: number | undefined): boolean =>
  byte === undefined || isSpace(byte) || byte === 44 || closes(byte);

/** A column of the written file: `prefix` is its quoted name with the colon. */
export type RowColumn = { readonly prefix: Buffer; readonly plan: ColumnPlan };

const fileChanged = (): never => {
  throw new Error("the file changed while it was read");
};

/** Rewrites scanned rows so that DuckDB reads every value exactly: see ColumnPlan. */
export function createRowRewriter(columns: ReadonlyMap<string, RowColumn>) {
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  const output = createOutput();

  function skipSpace(): number {
    while (isSpace(bytes[at])) at++;
    return bytes[at] ?? fileChanged();
  }

  function skipText(): void {
    for (at++; bytes[at] !== quote && at < bytes.length; at++) if (bytes[at] === backslash) at++;
    at++;
  }

  /** Skips a value but not the whitespace after it. */
  function skipValue(): void {
    const byte = skipSpace();
    if (byte === quote) skipText();
    else if (opens(byte)) skipBrackets();
    else while (!endsScalar(bytes[at])) at++;
  }

  function skipBrackets(): void {
    let depth = 0;
    do {
      const byte = bytes[at] ?? fileChanged();
      if (byte === quote) skipText();
      else {
        if (opens(byte)) depth++;
        else if (closes(byte)) depth--;
        at++;
      }
    } while (depth > 0);
  }

  function readName(): string {
    const from = at;
    skipText();
    return JSON.parse(bytes.toString("utf8", from, at)) as string;
  }

  function copyValue(): void {
    skipSpace();
    const from = at;
    skipValue();
    output.copy(bytes, from, at);
  }

  function writeValue(plan: ColumnPlan): void {
    const byte = skipSpace();
    const isNull = byte === 110;
    if (isNull || plan.isDirect) copyValue();
    else writeAs(plan, byte);
  }

  function writeAs(plan: ColumnPlan, byte: number): void {
    switch (plan.how) {
      case "numberAsText":
        output.put(quote);
        copyValue();
        output.put(quote);
        return;
      case "anyText":
        if (byte === quote) copyValue();
        else writeJsonText();
        return;
      case "jsonText":
        writeJsonText();
        return;
      case "struct":
        writeObject((name) => plan.fields.get(name));
        return;
      case "map":
        writeObject(() => plan.element);
        return;
      case "list":
        writeList(plan.element);
        return;
      default:
        copyValue();
    }
  }

  function writeJsonText(): void {
    const from = at;
    skipValue();
    output.copy(Buffer.from(JSON.stringify(bytes.toString("utf8", from, at))));
  }

  /** Field names are copied unchanged. */
  function writeObject(planOfField: (name: string) => ColumnPlan | undefined): void {
    output.put(123);
    writeMembers(125, () => {
      const from = at;
      const plan = planOfField(readName());
      output.copy(bytes, from, at);
      output.put(58);
      skipSpace();
      at++;
      if (plan) writeValue(plan);
      else copyValue();
    });
    output.put(125);
  }

  function writeList(element: ColumnPlan): void {
    output.put(91);
    writeMembers(93, () => writeValue(element));
    output.put(93);
  }

  /** Writes the members between brackets, separated by commas. */
  function writeMembers(close: number, writeMember: () => void): void {
    at++;
    for (let isFirst = true; skipSpace() !== close; isFirst = false) {
      if (!isFirst) output.put(44);
      writeMember();
      if (skipSpace() === 44) at++;
      skipSpace();
    }
    at++;
  }

  /** Most rows have the same names in the same order, so the expected name is compared before a lookup. */
  const expected: { readonly quotedName: Buffer; readonly column: RowColumn }[] = [];
  function nextColumn(index: number): RowColumn {
    const guess = expected[index];
    if (guess) {
      const end = at + guess.quotedName.length;
      if (end <= bytes.length && guess.quotedName.compare(bytes, at, end) === 0) {
        at = end;
        return guess.column;
      }
    }
    const from = at;
    const column = columns.get(readName()) ?? fileChanged();
    expected[index] = { quotedName: Buffer.from(bytes.subarray(from, at)), column };
    return column;
  }

  return {
    use(block: Buffer) {
      bytes = block;
    },
    /** Writes the object at `from`; returns the offset after it. */
    write(from: number): number {
      at = from;
      output.put(123);
      let index = 0;
      writeMembers(125, () => {
        const column = nextColumn(index++);
        output.copy(column.prefix);
        skipSpace();
        at++;
        writeValue(column.plan);
      });
      output.put(125);
      output.put(10);
      return at;
    },
    take: () => output.take(),
    get heldBytes() {
      return output.length();
    },
  };
}

const shortBytes = 24;

function createOutput() {
  let bytes = Buffer.allocUnsafe(1024 * 1024);
  let length = 0;
  const reserve = (more: number) => {
    if (length + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (length + more));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  };
  return {
    put(byte: number) {
      reserve(1);
      bytes[length++] = byte;
    },
    copy(from: Buffer, begin = 0, end = from.length) {
      reserve(end - begin);
      // A loop is faster than a native call for a few bytes.
      if (end - begin > shortBytes) length += from.copy(bytes, length, begin, end);
      else for (let at = begin; at < end; at++) bytes[length++] = from[at] ?? 0;
    },
    length: () => length,
    take(): Buffer {
      const taken = Buffer.from(bytes.subarray(0, length));
      length = 0;
      return taken;
    },
  };
}
