import { executionTooLarge } from "../../errors.ts";
import type { ConnectionSecurity } from "../network/connection-security.ts";
import { createLoginGuard } from "./login-guard.ts";
import { countColumns, isRow } from "./message-bodies.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** What a server may send until it let us in, in bytes. */
const loginBytesMax = 64 * 1024;
/** What one session may send in all but for the rows of a COPY: a single row can be a gigabyte. */
const sessionBytesMax = 64 * 1024 * 1024;
/** Notices, notifications and parameters that one session may send, in bytes. */
const unaskedBytesMax = 1024 * 1024;
/** The longest message that is no row, in bytes. */
const messageBytesMax = 1024 * 1024;
/** A message's kind and length, in bytes. */
const headBytes = 5;
/** Messages that are no rows, which one session may send: a statement has ten at the most. */
const answersMax = 500_000;
/** Columns of a result: PostgreSQL's own limit. */
const columnsMax = 1664;

/** Kinds of messages that a session sends after the login; the others belong to what is not asked for here. */
const kindsOfSession = new Set("12ACDEHNSTZcdnt");
const unaskedKinds = new Set("NAS");

/** What the messages of one connection must be like; throws the error that the caller gets. */
export type MessageRules = {
  /** Looks at a message before its body is there; `length` is what the message says of itself. */
  checkHead(kind: string, length: number): void;
  /** Looks at a whole message that is no row of a COPY. */
  checkBody(kind: string, body: Buffer): void;
  /** The longest row that may come now, as a message says its length; undefined outside of a COPY. */
  readonly rowLengthMax: number | undefined;
  /** A COPY is about to be asked for, with rows of so many bytes at the most. */
  allowCopy(rowBytesMax: number): void;
  /** Nothing is asked until the next start: whatever comes breaks a rule. */
  rest(): void;
  /** Another session begins on the connection, with bounds of its own. */
  restart(): void;
};

/** `server` names the server for the caller, as `db.example.org:5432`. */
export function createMessageRules(
  server: string,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): MessageRules {
  const login = createLoginGuard(server, passwordMethods);
  const violation = (what: string) => protocolViolation(server, what);
  let isIn = false;
  let bytes = 0;
  let unaskedBytes = 0;
  let answers = 0;
  /** Columns of the rows that come. */
  let columns: number | undefined;
  /** Undefined where no COPY was asked for. */
  let copyRowBytesMax: number | undefined;
  let isCopying = false;
  let isResting = false;

  function checkLength(kind: string, length: number): void {
    if (!isIn && bytes + length > loginBytesMax) {
      throw violation(`more than ${loginBytesMax / 1024} KiB before the login is done`);
    }
    if (kind !== "D" && length > messageBytesMax) {
      throw violation(`a message of kind ${nameOf(kind)} with ${length} bytes`);
    }
    if (bytes + length > sessionBytesMax) throw rowsTooLarge();
    if (unaskedKinds.has(kind) && unaskedBytes + length > unaskedBytesMax) {
      throw violation(`more than ${unaskedBytesMax / 1024} KiB of notices`);
    }
  }

  function checkedColumns(body: Buffer): number {
    const count = countColumns(body);
    if (count === undefined) throw violation("columns that can't be read");
    if (count > columnsMax) throw tooManyColumns(count);
    return count;
  }

  function endStatement(): void {
    if (!isIn) login.checkDone();
    isIn = true;
    isCopying = false;
    copyRowBytesMax = undefined;
    columns = undefined;
  }

  function checkAnswer(kind: string, body: Buffer): void {
    if (kind === "T") columns = checkedColumns(body);
    if (kind === "D" && (columns === undefined || !isRow(body, columns))) {
      throw violation("a row that does not fit its columns");
    }
    if (kind === "H" && copyRowBytesMax === undefined) throw violation("rows that were not asked for");
    if (kind === "H" || kind === "c") isCopying = kind === "H";
  }

  return {
    checkHead(kind, length) {
      if (isResting) throw violation("a message that nobody asked for");
      const expected = isIn ? kindsOfSession : login.kinds;
      if (!expected.has(kind)) throw violation(`a message of kind ${nameOf(kind)}`);
      if (length < 4) throw violation(`a message of ${length} bytes`);
      if (kind !== "d") return checkLength(kind, length);
      if (!isCopying || copyRowBytesMax === undefined) throw violation("rows that were not asked for");
      if (length > copyRowBytesMax) throw rowTooLarge(length, copyRowBytesMax);
    },
    checkBody(kind, body) {
      bytes += headBytes + body.length;
      if (kind !== "D") answers += 1;
      if (answers > answersMax) throw violation(`more than ${answersMax} messages that are no rows`);
      if (unaskedKinds.has(kind)) unaskedBytes += body.length;
      if (kind === "Z") endStatement();
      else if (isIn) checkAnswer(kind, body);
      else login.check(kind, body);
    },
    get rowLengthMax() {
      return isCopying ? copyRowBytesMax : undefined;
    },
    allowCopy(rowBytesMax) {
      copyRowBytesMax = rowBytesMax;
    },
    rest() {
      isResting = true;
    },
    restart() {
      isResting = false;
      bytes = 0;
      unaskedBytes = 0;
      answers = 0;
    },
  };
}

/** Kinds are letters; what is none goes by its number. */
const nameOf = (kind: string): string =>
  /^[A-Za-z0-9]$/.test(kind) ? JSON.stringify(kind) : String(kind.charCodeAt(0));

const rowsTooLarge = () =>
  executionTooLarge("the rows are too large: select fewer columns, or parts of them");

const rowTooLarge = (bytes: number, bytesMax: number) =>
  executionTooLarge(
    `a row takes ${bytes} bytes, of which ${bytesMax / 1024 ** 2} MiB are taken: select fewer columns`,
  );

const tooManyColumns = (count: number) =>
  executionTooLarge(`the result has ${count} columns, of which ${columnsMax} are taken: select fewer`);
