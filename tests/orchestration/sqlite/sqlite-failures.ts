import type { DatabaseSync } from "node:sqlite";
import {
  sourceDataInvalid,
  sourceUnreachable,
  sqlInvalid,
  statementRefused,
} from "../../../services/orchestration/errors.ts";

const codes = { error: 1, auth: 23, corrupt: 11, notADatabase: 26 };

const codeOf = (error: unknown): number | undefined => (error as { errcode?: number }).errcode;

export const notReading = (message: string) => statementRefused(message);

export function toStatementFailure(error: unknown): unknown {
  const { message } = error as Error;
  if (codeOf(error) === codes.auth) return statementRefused(message);
  return codeOf(error) === undefined ? error : sqlInvalid(message);
}

export function withOpenFailures<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (codeOf(error) === codes.corrupt || codeOf(error) === codes.notADatabase) {
      throw sourceDataInvalid("the file is not a SQLite database");
    }
    throw sourceUnreachable(`the database ${JSON.stringify(path)} can't be opened`);
  }
}

/** An iterator that was not read to its end would keep the database open otherwise. */
export function closeDatabase(database: DatabaseSync): void {
  if (database.isOpen) database.close();
}
