import { sourceDataInvalid } from "../../../errors.ts";
import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { ColumnBatch } from "../../sql/row-source.ts";
import { withFailures } from "../database/failures.ts";
import type { SqliteValue, Statement } from "../database/statement.ts";
import type { ColumnType } from "./column-type.ts";
import { encodeResult, encodeText, ValueMismatch } from "./encode-value.ts";

/** Limits of a batch. */
const batchRowsMax = 1000;
const batchCharactersMax = 1024 * 1024;

/** Names the place of a value in messages, as `the table "t", column "c", rowid 5`. */
type Place = (column: number) => string;

/** Encodes a value. FailedPrecondition (SOURCE_DATA_INVALID) names its place. */
function encoded<T>(place: Place, column: number, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof ValueMismatch)) throw error;
    throw sourceDataInvalid(
      `${place(column)} has ${error.message}: name another type in settings.columnTypes, or cast it`,
    );
  }
}

export type StreamOptions = {
  readonly types: readonly ColumnType[];
  /** Whether the first column of the statement is the row's id, which is not part of the rows. */
  readonly hasRowId: boolean;
  /** Names the source of the rows, as `the table "t"`. */
  readonly subject: string;
  readonly columnNames: readonly string[];
  readonly rowsMax: number | undefined;
};

/** The next rows of a statement as column batches; undefined at the end. */
export function createBatches(
  statement: Statement,
  { types, hasRowId, subject, columnNames, rowsMax = Number.POSITIVE_INFINITY }: StreamOptions,
): () => ColumnBatch | undefined {
  const offset = statement.columns.length - types.length;
  let rowsRead = 0;
  let isOver = false;
  const place: Place = (column) => {
    const id = hasRowId ? statement.value(0) : null;
    const row = typeof id === "bigint" ? `rowid ${id}` : `row ${rowsRead + 1}`;
    return `${subject}, column ${JSON.stringify(columnNames[column])}, ${row}`;
  };

  function next(): ColumnBatch | undefined {
    const columns: (string | null)[][] = types.map(() => []);
    let rowCount = 0;
    let characters = 0;
    while (!isOver && rowCount < batchRowsMax && characters < batchCharactersMax) {
      isOver = rowsRead >= rowsMax || !statement.step();
      if (isOver) break;
      for (const [index, type] of types.entries()) {
        const text = encoded(place, index, () => encodeText(statement.value(index + offset), type));
        columns[index]?.push(text);
        characters += text?.length ?? 1;
      }
      rowCount += 1;
      rowsRead += 1;
    }
    return rowCount === 0 ? undefined : { rowCount, columns };
  }
  return () => withFailures(next, true);
}

export type CursorRows = { rowCount: number; rows: EncodedValue[][]; sizeBytes: number };

/** Fetches the next rows of a caller's statement. */
export function createCursor(statement: Statement): (rowCount: number) => CursorRows {
  let rowsRead = 0;
  let isOver = false;
  const place: Place = (column) =>
    `the result, column ${JSON.stringify(statement.columns[column]?.name)}, row ${rowsRead + 1},`;
  return (count) =>
    withFailures(() => {
      const rows: EncodedValue[][] = [];
      let sizeBytes = 0;
      while (!isOver && rows.length < count && sizeBytes < batchCharactersMax * 4) {
        isOver = !statement.step();
        if (isOver) break;
        const values = statement.columns.map((_, index) => statement.value(index));
        rows.push(values.map((value, index) => encoded(place, index, () => encodeResult(value))));
        sizeBytes += values.reduce<number>((sum, value) => sum + sizeOf(value), 1);
        rowsRead += 1;
      }
      return { rowCount: rows.length, rows, sizeBytes };
    }, true);
}

const sizeOf = (value: SqliteValue): number =>
  typeof value === "string" || Buffer.isBuffer(value) ? value.length : 8;
