/** Argument of an opcode: nothing, a number of bytes, bytes behind their length, or lines of text. */
type Argument =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly count: number }
  | { readonly kind: "sized"; readonly lengthBytes: number; readonly isText: boolean }
  | { readonly kind: "lines"; readonly forms: readonly RegExp[] };

/**
 * Effect on the stack: how many values an opcode needs above the last mark or the bottom, by how many their number
 * changes, and whether it drops everything down to the last mark first.
 */
export type Opcode = {
  readonly argument: Argument;
  readonly needs: number;
  readonly change: number;
  readonly toMark: boolean;
  readonly does?: "mark" | "pop" | "stop" | "call" | "import" | "name" | "put" | "get" | "protocol";
};

const none: Argument = { kind: "none" };
const bytes = (count: number): Argument => ({ kind: "bytes", count });
const sized = (lengthBytes: number, isText = false): Argument => ({ kind: "sized", lengthBytes, isText });
const lines = (...forms: RegExp[]): Argument => ({ kind: "lines", forms });

const op = (argument: Argument, needs: number, change: number, does?: Opcode["does"]): Opcode => ({
  argument,
  needs,
  change,
  toMark: false,
  ...(does && { does }),
});
const mark = (change: number, does?: Opcode["does"], argument: Argument = none): Opcode => ({
  argument,
  needs: 0,
  change,
  toMark: true,
  ...(does && { does }),
});
const push = (argument: Argument, does?: Opcode["does"]) => op(argument, 0, 1, does);

const anything = /^/;
const integer = /^[+-]?\d+L?\r?$/;
const decimal = /^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf)\r?$/;
const quoted = /^(".*"|'.*')\r?$/s;
const index = /^\d+\r?$/;
const dotted = /^[\w.<>]+\r?$/u;

/** Opcodes of protocols 0 to 5. */
export const opcodes: ReadonlyMap<number, Opcode> = new Map(
  Object.entries({
    "(": op(none, 0, 0, "mark"),
    ".": op(none, 1, 0, "stop"),
    "0": op(none, 0, 0, "pop"),
    "1": mark(0),
    "2": op(none, 1, 1),
    F: push(lines(decimal)),
    I: push(lines(integer)),
    J: push(bytes(4)),
    K: push(bytes(1)),
    L: push(lines(integer)),
    M: push(bytes(2)),
    N: push(none),
    P: push(lines(anything)),
    Q: op(none, 1, 0),
    R: op(none, 2, -1, "call"),
    S: push(lines(quoted)),
    T: push(sized(4, true)),
    U: push(sized(1, true)),
    V: push(lines(anything)),
    X: push(sized(4, true)),
    a: op(none, 2, -1),
    b: op(none, 2, -1, "call"),
    c: push(lines(dotted, dotted), "import"),
    d: mark(1),
    "}": push(none),
    e: mark(0),
    g: push(lines(index), "get"),
    h: push(bytes(1), "get"),
    i: mark(1, "call", lines(dotted, dotted)),
    j: push(bytes(4), "get"),
    l: mark(1),
    "]": push(none),
    o: mark(1, "call"),
    p: op(lines(index), 1, 0, "put"),
    q: op(bytes(1), 1, 0, "put"),
    r: op(bytes(4), 1, 0, "put"),
    s: op(none, 3, -2),
    t: mark(1),
    ")": push(none),
    u: mark(0),
    G: push(bytes(8)),
    B: push(sized(4)),
    C: push(sized(1)),
    "\x80": op(bytes(1), 0, 0, "protocol"),
    "\x81": op(none, 2, -1, "call"),
    "\x82": push(bytes(1)),
    "\x83": push(bytes(2)),
    "\x84": push(bytes(4)),
    "\x85": op(none, 1, 0),
    "\x86": op(none, 2, -1),
    "\x87": op(none, 3, -2),
    "\x88": push(none),
    "\x89": push(none),
    "\x8a": push(sized(1)),
    "\x8b": push(sized(4)),
    "\x8c": push(sized(1, true)),
    "\x8d": push(sized(8, true)),
    "\x8e": push(sized(8)),
    "\x8f": push(none),
    "\x90": mark(0),
    "\x91": mark(1),
    "\x92": op(none, 3, -2, "call"),
    "\x93": op(none, 2, -1, "name"),
    "\x94": op(none, 1, 0, "put"),
    "\x95": op(bytes(8), 0, 0),
    "\x96": push(sized(8)),
    "\x97": push(none),
    "\x98": op(none, 1, 0),
  }).map(([character, opcode]) => [character.charCodeAt(0), opcode]),
);
