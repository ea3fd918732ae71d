import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { checkStatement, notReading } from "./check-statement.ts";

/** Runs a caller's statement. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
export async function openRows(session: Session, sql: string): Promise<ResultSet> {
  if (checkStatement(sql)) return await session.open(sql);
  // What the server does not understand either is called so.
  const checking = await session.open(`EXPLAIN (TYPE VALIDATE) ${sql}`);
  await checking.next();
  throw notReading();
}
