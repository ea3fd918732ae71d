import { sqlInvalid } from "../../../errors.ts";
import { toStatementFailure } from "../session/failures.ts";
import { type ResultSet, StatementShapeError } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { checkStatement, isReading, notReading } from "./check-statement.ts";

/** Runs a caller's statement. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
export async function openRows(
  session: Session,
  sql: string,
  rowsMax: number | undefined,
): Promise<ResultSet> {
  const text = checkStatement(sql);
  return await withStatementFailures(async () => {
    if (!isReading(text)) {
      // What the server does not know either is called so.
      await session.check(text);
      throw notReading();
    }
    // A LIMIT of the statement takes precedence.
    if (rowsMax !== undefined) await session.run(`set sql_select_limit = ${rowsMax}`);
    return session.open(text);
  });
}

export async function withStatementFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StatementShapeError)) throw toStatementFailure(error);
    if (error.lacks === "rows") throw notReading();
    throw sqlInvalid("parameters are not taken: write the values into the statement");
  }
}
