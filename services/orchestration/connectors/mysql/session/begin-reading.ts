/** Margin of the server's statement timeout over ours. It applies if this process dies before it can stop a statement. */
const serverGraceMs = 5000;
/** Longest wait for a table that is being altered, in seconds. */
const lockSecondsMax = 5;
/** Timeouts of the server while the engine is busy with the rows, or a snapshot is held, in seconds. */
const writeSeconds = 3600;
const waitSeconds = 24 * 3600;
/** Beyond it the server would cut the texts of GROUP_CONCAT without an error. */
const groupBytesMax = 32 * 1024 * 1024;

/**
 * Begins a transaction that sees one state of the database and can't write. The server keeps refusing to write if a
 * statement ends the transaction.
 */
export async function beginReading(
  run: (sql: string) => Promise<void>,
  isMariaDb: boolean,
  timeoutMs: number,
): Promise<void> {
  await run(`set names utf8mb4, ${assignments(isMariaDb, timeoutMs)}`);
  await run("set session transaction isolation level repeatable read, read only");
  await run("start transaction with consistent snapshot, read only");
}

/** The modes are MySQL's usual ones for values; those that change the meaning of a statement's text are off. */
const assignments = (isMariaDb: boolean, timeoutMs: number): string =>
  [
    "time_zone = '+00:00'",
    "sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    "sql_auto_is_null = 0",
    `group_concat_max_len = ${groupBytesMax}`,
    `net_write_timeout = ${writeSeconds}`,
    `wait_timeout = ${waitSeconds}`,
    `lock_wait_timeout = ${lockSecondsMax}`,
    statementLimit(isMariaDb, timeoutMs),
    ...(isMariaDb ? ["idle_transaction_timeout = 0", "idle_readonly_transaction_timeout = 0"] : []),
  ].join(", ");

/** The server's own limit for each statement, as an assignment. */
export function statementLimit(isMariaDb: boolean, timeoutMs: number): string {
  const limitMs = timeoutMs + serverGraceMs;
  return isMariaDb ? `max_statement_time = ${limitMs / 1000}` : `max_execution_time = ${Math.ceil(limitMs)}`;
}
