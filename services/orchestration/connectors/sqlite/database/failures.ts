import { ConnectError } from "@connectrpc/connect";
import { executionTooLarge, sourceDataInvalid, sqlInvalid, statementRefused } from "../../../errors.ts";

/** A result code of SQLite that is a failure, with SQLite's message. */
export class SqliteFailure extends Error {
  override name = "SqliteFailure";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Primary result codes, by https://www.sqlite.org/rescode.html. */
const codes = {
  error: 1,
  noMemory: 7,
  ioError: 10,
  corrupt: 11,
  cantOpen: 14,
  tooBig: 18,
  auth: 23,
  notADatabase: 26,
};

const primaryOf = (code: number): number => code & 0xff;

/** The error for the caller. `isOfStatement`: the text of the statement is the caller's, so that it may be at fault. */
function toCallerFailure(error: unknown, isOfStatement: boolean): unknown {
  if (error instanceof ConnectError) return error;
  // The latter is WebAssembly's.
  if (error instanceof RangeError || (error as Error).name === "RuntimeError") {
    return sourceDataInvalid(
      "SQLite failed on the database: the file is damaged, or the statement is too deep",
    );
  }
  if (!(error instanceof SqliteFailure)) return error;
  switch (primaryOf(error.code)) {
    case codes.noMemory:
    case codes.tooBig:
      return executionTooLarge(`SQLite needs more memory than one session may use: ${error.message}`);
    case codes.auth:
      return statementRefused(`only statements that read are allowed: ${error.message}`);
    case codes.corrupt:
    case codes.notADatabase:
    case codes.ioError:
    case codes.cantOpen:
      return sourceDataInvalid(`the file can't be read as a SQLite database: ${error.message}`);
    case codes.error:
      return isOfStatement ? sqlInvalid(error.message) : sourceDataInvalid(error.message);
    default:
      return sourceDataInvalid(`SQLite: ${error.message}`);
  }
}

/** Runs `work` on the database, with failures for the caller. */
export function withFailures<T>(work: () => T, isOfStatement = false): T {
  try {
    return work();
  } catch (error) {
    throw toCallerFailure(error, isOfStatement);
  }
}
