import type { ColumnPlan } from "./column-plan.ts";

const quote = 34;
const backslash = 92;
const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || byte === 10 || byte === 13 || byte === 9;

const opens = (byte: number): boolean => byte === 123 || byte === 91;
const closes = (byte: number): boolean => byte === 125 || byte === 93;
const endsScalar = (byte: number | undefined): boolean =>
  byte === undefined || isSpace(byte) || byte === 44 || closes(byte);

/** A column of the file that is written: `prefix` is its name there with the colon. */
export type RowColumn = { readonly prefix: Buffer; readonly plan: ColumnPlan };

const changed = (): never => {
  throw new Error("the file changed while it was read");
};

/** Writes rows that were scanned, so that DuckDB's reader keeps every value: see ColumnPlan. */
export function createRowRewriter(columns: ReadonlyMap<string, RowColumn>) {
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  const output = createOutput();

  function skipSpace(): number {
    while (isSpace(bytes[at])) at++;
    return bytes[at] ?? changed();
  }

  function skipText(): void {
    for (at++; bytes[at] !== quote && at < bytes.length; at++) if (bytes[at] === backslash) at++;
    at++;
  }

  /** Skips a value; whitespace behind it stays. */
  function skipValue(): void {
    const byte = skipSpace();
    if (byte === quote) skipText();
    else if (opens(byte)) skipBrackets();
    else while (!endsScalar(bytes[at])) at++;
  }

  function skipBrackets(): void {
    let depth = 0;
    do {
      const byte = bytes[at] ?? changed();
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

  /** Fields keep their names as these are written. */
  function writeObject(planOfField: (name: string) => ColumnPlan | undefined): void {
    output.put(123);
    writeParts(125, () => {
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
    writeParts(93, () => writeValue(element));
    output.put(93);
  }

  /** What is between the brackets, with its commas. */
  function writeParts(close: number, writePart: () => void): void {
    at++;
    for (let isFirst = true; skipSpace() !== close; isFirst = false) {
      if (!isFirst) output.put(44);
      writePart();
      if (skipSpace() === 44) at++;
      skipSpace();
    }
    at++;
  }

  /** Most rows have the same names in the same order: the one that is expected is compared, others are looked up. */
  const expected: { readonly quotedName: Buffer; readonly column: RowColumn }[] = [];
  function readColumn(place: number): RowColumn {
    const guess = expected[place];
    if (guess) {
      const end = at + guess.quotedName.length;
      if (end <= bytes.length && guess.quotedName.compare(bytes, at, end) === 0) {
        at = end;
        return guess.column;
      }
    }
    const from = at;
    const column = columns.get(readName()) ?? changed();
    expected[place] = { quotedName: Buffer.from(bytes.subarray(from, at)), column };
    return column;
  }

  return {
    use(block: Buffer) {
      bytes = block;
    },
    /** Writes the object that begins there; answers where it ends. */
    write(from: number): number {
      at = from;
      output.put(123);
      let place = 0;
      writeParts(125, () => {
        const column = readColumn(place++);
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
  const makeRoom = (more: number) => {
    if (length + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (length + more));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  };
  return {
    put(byte: number) {
      makeRoom(1);
      bytes[length++] = byte;
    },
    copy(from: Buffer, begin = 0, end = from.length) {
      makeRoom(end - begin);
      // A call of native code costs more than to copy a few bytes.
      if (end - begin > shortBytes) length += from.copy(bytes, length, begin, end);
      else for (let index = begin; index < end; index++) bytes[length++] = from[index] ?? 0;
    },
    length: () => length,
    take(): Buffer {
      const taken = Buffer.from(bytes.subarray(0, length));
      length = 0;
      return taken;
    },
  };
}
