import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { sourceDataInvalid, sqlInvalid, statementRefused } from "../../../errors.ts";
import { SqliteFailure, withFailures } from "./failures.ts";
import { databaseName, fileSystemName, installFileSystem } from "./file-system.ts";
import { type Library, loadLibrary } from "./library.ts";
import { createStatement, type SqliteValue, type Statement } from "./statement.ts";

/** Memory of one session, in bytes. */
const heapBytesMax = 256 * 1024 * 1024;
/** Maximum of a text, a blob or a row, in bytes. */
const valueBytesMax = 32 * 1024 * 1024;
/** Instructions of SQLite between two checks whether to stop. */
const checkEveryInstructions = 50_000;

export type Database = {
  readonly version: string;
  /** Prepares a statement of ours. FailedPrecondition (SOURCE_DATA_INVALID). */
  prepare(sql: string): Statement;
  /** All rows of a statement of ours. */
  rows(sql: string): SqliteValue[][];
  /** Prepares a caller's statement. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED): it must be one that reads. */
  prepareReading(sql: string): Statement;
};

export type DatabaseFiles = { readonly path: string; readonly walPath: string | undefined };

/** Opens a database. `isStopped` is asked again and again while a statement runs. FailedPrecondition (SOURCE_DATA_INVALID). */
export async function openDatabase(files: DatabaseFiles, isStopped: () => boolean): Promise<Database> {
  checkHeader(files.path);
  const library = await loadLibrary();
  const { capi, wasm } = library;
  installFileSystem(library, files);
  const db = withFailures(() => open(library));
  capi.sqlite3_progress_handler(db, checkEveryInstructions, () => (isStopped() ? 1 : 0), 0);

  function prepareText(pointer: number): { statement: number; tail: number } {
    const out = wasm.alloc(8);
    try {
      const code = capi.sqlite3_prepare_v2(db, pointer, -1, out, out + 4);
      if (code !== capi.SQLITE_OK) throw new SqliteFailure(code, capi.sqlite3_errmsg(db));
      return { statement: wasm.peekPtr(out) as number, tail: wasm.peekPtr(out + 4) as number };
    } finally {
      wasm.dealloc(out);
    }
  }

  function withText<T>(sql: string, work: (pointer: number) => T): T {
    const pointer = wasm.allocCString(sql, false) as number;
    try {
      return work(pointer);
    } finally {
      wasm.dealloc(pointer);
    }
  }

  const prepare = (sql: string): Statement =>
    withFailures(() =>
      withText(sql, (pointer) => createStatement(library, db, prepareText(pointer).statement)),
    );

  /** What follows the statement may be blanks and comments only. */
  function hasMore(tail: number): boolean {
    try {
      const { statement } = prepareText(tail);
      if (statement) wasm.exports.sqlite3_finalize(statement);
      return statement !== 0;
    } catch {
      return true;
    }
  }

  function prepareReading(sql: string): Statement {
    if (sql.includes("\0")) throw sqlInvalid("the statement has a NUL character");
    return withText(sql, (pointer) => {
      const { statement, tail } = withFailures(() => prepareText(pointer), true);
      if (!statement) throw sqlInvalid("there is no statement");
      const prepared = createStatement(library, db, statement);
      const problem = problemOf(statement) ?? (hasMore(tail) ? oneAtATime() : undefined);
      if (!problem) return prepared;
      prepared[Symbol.dispose]();
      throw problem;
    });
  }

  function problemOf(statement: number): Error | undefined {
    if (!capi.sqlite3_stmt_readonly(statement) || capi.sqlite3_column_count(statement) === 0) {
      return statementRefused("only statements that read are allowed: SELECT, WITH, VALUES");
    }
    return capi.sqlite3_bind_parameter_count(statement) > 0
      ? sqlInvalid("the statement has parameters, which have no values")
      : undefined;
  }

  function rows(sql: string): SqliteValue[][] {
    return withFailures(() => {
      using statement = prepare(sql);
      const found: SqliteValue[][] = [];
      while (statement.step()) found.push(statement.columns.map((_, index) => statement.value(index)));
      return found;
    });
  }

  const run = (sql: string) => void rows(sql);
  let isOfCaller = false;
  authorize(library, db, () => isOfCaller);
  limit(library, db);
  run(`pragma hard_heap_limit = ${heapBytesMax}`);
  run("pragma cell_size_check = on");
  // Without it, a log needs shared memory, which this file system has none of.
  run("pragma locking_mode = exclusive");
  run("begin");
  run("select count(*) from sqlite_schema");
  return {
    version: capi.sqlite3_libversion(),
    prepare,
    rows,
    prepareReading(sql) {
      isOfCaller = true;
      try {
        return prepareReading(sql);
      } finally {
        isOfCaller = false;
      }
    },
  };
}

const oneAtATime = () => statementRefused("one statement at a time is allowed");

function open({ capi, wasm }: Library): number {
  const out = wasm.alloc(8);
  try {
    const code = capi.sqlite3_open_v2(databaseName, out, capi.SQLITE_OPEN_READONLY, fileSystemName);
    const db = wasm.peekPtr(out) as number;
    if (code !== capi.SQLITE_OK) throw new SqliteFailure(code, "it can't be opened");
    return db;
  } finally {
    wasm.dealloc(out);
  }
}

function limit({ capi }: Library, db: number): void {
  capi.sqlite3_limit(db, capi.SQLITE_LIMIT_LENGTH, valueBytesMax);
  capi.sqlite3_limit(db, capi.SQLITE_LIMIT_ATTACHED, 0);
  capi.sqlite3_limit(db, capi.SQLITE_LIMIT_EXPR_DEPTH, 200);
  capi.sqlite3_limit(db, capi.SQLITE_LIMIT_TRIGGER_DEPTH, 0);
  const flags = [
    [capi.SQLITE_DBCONFIG_DEFENSIVE, 1],
    [capi.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0],
    [capi.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0],
    // "no such column" instead of a text.
    [capi.SQLITE_DBCONFIG_DQS_DML, 0],
  ] as const;
  for (const [flag, value] of flags) capi.sqlite3_db_config(db, flag, value, 0);
}

/** SQLite's own parser asks for each thing that a statement would do. `isOfCaller`: whether it is a caller's. */
function authorize({ capi }: Library, db: number, isOfCaller: () => boolean): void {
  const reading = new Set<number>([
    capi.SQLITE_SELECT,
    capi.SQLITE_READ,
    capi.SQLITE_FUNCTION,
    capi.SQLITE_RECURSIVE,
  ]);
  const decide = (_: unknown, action: number) =>
    !isOfCaller() || reading.has(action) ? capi.SQLITE_OK : capi.SQLITE_DENY;
  capi.sqlite3_set_authorizer(db, decide, 0);
}

const magic = "SQLite format 3\0";
const headerBytes = 100;
const encodingOffset = 56;

/** Refuses by name what SQLite calls "not a database", or would misread. */
function checkHeader(path: string): void {
  const fd = openSync(path, "r");
  try {
    if (fstatSync(fd).size === 0) throw sourceDataInvalid("the file is empty");
    const header = Buffer.alloc(headerBytes);
    const length = readSync(fd, header, 0, headerBytes, 0);
    if (length < headerBytes || header.toString("latin1", 0, magic.length) !== magic) {
      throw sourceDataInvalid("the file is not a SQLite database, or it is encrypted");
    }
    const encoding = header.readUInt32BE(encodingOffset);
    if (encoding === 2 || encoding === 3) {
      throw sourceDataInvalid(
        "the database has its texts in UTF-16, which can't be read: dump it into one in UTF-8",
      );
    }
  } finally {
    closeSync(fd);
  }
}
