import { executionTooLarge } from "../../../errors.ts";
import type { ConnectionSecurity } from "../../network/connection-security.ts";
import { createLoginGuard } from "./login-guard.ts";
import { countColumns, isRow } from "./message-bodies.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** Maximum of bytes from a server before the login is complete. */
const loginBytesMax = 64 * 1024;
/** Maximum of bytes of one session without COPY data: a single row can be a gigabyte. */
const sessionBytesMax = 64 * 1024 * 1024;
/** Maximum of notices, notifications and parameter changes of one session, in bytes. */
const unsolicitedBytesMax = 1024 * 1024;
/** Maximum length of a message that is not a row, in bytes. */
const messageBytesMax = 1024 * 1024;
/** Bytes of a message's type and length. */
const headBytes = 5;
/** Maximum of messages of one session that are not rows. A statement has at most ten. */
const messagesMax = 500_000;
/** PostgreSQL's own limit of columns. */
const columnsMax = 1664;

/** Types of messages after the login. The others belong to features that are not used. */
const kindsOfSession = new Set("12ACDEHNSTZcdnt");
const unsolicitedKinds = new Set("NAS");

/** Rules for the messages of one connection. Violations throw the error for the caller. */
export type MessageRules = {
  /** Checks a message before its body has arrived. `length` is the announced one. */
  checkHead(kind: string, length: number): void;
  /** Checks a complete message that is not a row of a COPY. */
  checkBody(kind: string, body: Buffer): void;
  /** Maximum length of a row message; undefined outside of a COPY. */
  readonly rowLengthMax: number | undefined;
  /** Permits the next statement to be a COPY, with rows up to this size. */
  allowCopy(rowBytesMax: number): void;
  /** The connection becomes idle: any message is a violation until `restart`. */
  rest(): void;
  /** A new session starts on the connection, with its own limits. */
  restart(): void;
};

/** `server` is its name in messages, as `db.example.org:5432`. */
export function createMessageRules(
  server: string,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): MessageRules {
  const login = createLoginGuard(server, passwordMethods);
  const violation = (what: string) => protocolViolation(server, what);
  let isIn = false;
  let bytes = 0;
  let unsolicitedBytes = 0;
  let messages = 0;
  /** Columns of the current result. */
  let columns: number | undefined;
  /** Undefined unless a COPY is permitted. */
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
    if (unsolicitedKinds.has(kind) && unsolicitedBytes + length > unsolicitedBytesMax) {
      throw violation(`more than ${unsolicitedBytesMax / 1024} KiB of notices`);
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

  function checkMessage(kind: string, body: Buffer): void {
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
      if (kind !== "D") messages += 1;
      if (messages > messagesMax) throw violation(`more than ${messagesMax} messages that are no rows`);
      if (unsolicitedKinds.has(kind)) unsolicitedBytes += body.length;
      if (kind === "Z") endStatement();
      else if (isIn) checkMessage(kind, body);
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
      unsolicitedBytes = 0;
      messages = 0;
    },
  };
}

/** A type that is not a letter or digit is shown as a number. */
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
