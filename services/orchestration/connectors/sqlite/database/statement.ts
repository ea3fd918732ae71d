import { isUtf8 } from "node:buffer";
import { sourceDataInvalid } from "../../../errors.ts";
import { SqliteFailure } from "./failures.ts";
import { type Library, readName } from "./library.ts";

/** A value as SQLite stores it. A text that is not UTF-8 is `InvalidText`: it has no form as a string. */
export type SqliteValue = null | bigint | number | string | Buffer | InvalidText;

export type InvalidText = { readonly invalidText: true };

const invalidText: InvalidText = { invalidText: true };

export const isInvalidText = (value: SqliteValue): value is InvalidText =>
  typeof value === "object" && value !== null && "invalidText" in value;

type StatementColumn = {
  readonly name: string;
  /** Undefined for an expression, and for a column without a type. */
  readonly declaredType: string | undefined;
  /** Table and name of the column in the database; undefined for an expression. */
  readonly origin: { readonly table: string; readonly column: string } | undefined;
};

export type Statement = Disposable & {
  readonly columns: readonly StatementColumn[];
  /** Whether there is a next row. */
  step(): boolean;
  /** Value of a column of the current row. */
  value(index: number): SqliteValue;
  /** Starts again with these parameters. */
  restart(...parameters: readonly (bigint | string)[]): void;
};

const types = { integer: 1, real: 2, text: 3, blob: 4 };

/** A prepared statement. Values are read from SQLite's memory, so that no conversion of the library touches them. */
export function createStatement(library: Library, db: number, pointer: number): Statement {
  const { capi, wasm } = library;
  const { exports } = wasm;

  function bytesOf(index: number): Buffer {
    // For a text, these are its bytes in UTF-8.
    const start = exports.sqlite3_column_blob(pointer, index);
    const length = exports.sqlite3_column_bytes(pointer, index);
    return length === 0 ? Buffer.alloc(0) : Buffer.from(wasm.heap8u().slice(start, start + length).buffer);
  }

  function textOf(index: number): string | InvalidText {
    const bytes = bytesOf(index);
    return isUtf8(bytes) ? bytes.toString() : invalidText;
  }

  function check(code: number): void {
    if (code !== capi.SQLITE_OK) throw new SqliteFailure(code, capi.sqlite3_errmsg(db));
  }

  /** SQLite copies the bytes. */
  function bindText(statement: number, index: number, value: string): number {
    const bytes = Buffer.from(value);
    const copied = wasm.alloc(bytes.length + 1);
    wasm.heap8u().set(bytes, copied);
    try {
      return exports.sqlite3_bind_text(statement, index, copied, bytes.length, capi.SQLITE_TRANSIENT);
    } finally {
      wasm.dealloc(copied);
    }
  }

  const nameOf = (namePointer: number, what: string): string | undefined => {
    const name = readName(library, namePointer);
    if (name && !isUtf8(name)) throw sourceDataInvalid(`the database has ${what} that is not UTF-8`);
    return name?.toString();
  };

  function columnOf(_: unknown, index: number): StatementColumn {
    const table = nameOf(exports.sqlite3_column_table_name(pointer, index), "the name of a table");
    const column = nameOf(exports.sqlite3_column_origin_name(pointer, index), "the name of a column");
    return {
      name: nameOf(exports.sqlite3_column_name(pointer, index), "the name of a column") ?? "",
      declaredType: nameOf(exports.sqlite3_column_decltype(pointer, index), "a type") || undefined,
      origin: table !== undefined && column !== undefined ? { table, column } : undefined,
    };
  }

  return {
    columns: Array.from({ length: exports.sqlite3_column_count(pointer) }, columnOf),
    step() {
      const code = exports.sqlite3_step(pointer);
      if (code === capi.SQLITE_ROW) return true;
      if (code === capi.SQLITE_DONE) return false;
      throw new SqliteFailure(code, capi.sqlite3_errmsg(db));
    },
    value(index) {
      switch (exports.sqlite3_column_type(pointer, index)) {
        case types.integer:
          return exports.sqlite3_column_int64(pointer, index);
        case types.real:
          return exports.sqlite3_column_double(pointer, index);
        case types.text:
          return textOf(index);
        case types.blob:
          return bytesOf(index);
        default:
          return null;
      }
    },
    restart(...parameters) {
      exports.sqlite3_reset(pointer);
      for (const [index, value] of parameters.entries()) {
        check(
          typeof value === "bigint"
            ? exports.sqlite3_bind_int64(pointer, index + 1, value)
            : bindText(pointer, index + 1, value),
        );
      }
    },
    [Symbol.dispose]: () => void exports.sqlite3_finalize(pointer),
  };
}
