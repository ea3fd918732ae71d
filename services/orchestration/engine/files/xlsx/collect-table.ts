import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { columnLetters } from "./cell-names.ts";
import { addFact, type ColumnFacts } from "./column-type.ts";
import type { SheetRow } from "./read-sheet.ts";

/** Longest row as text, in bytes. */
const rowBytesMax = 32 * 1024 * 1024;

/** The rows of a sheet as a table. Rows without a value are left out. */
export type SheetTable = {
  add(row: SheetRow): void;
  /** Takes the rows that have come since, as one line of JSON each. */
  drain(): Buffer;
  end(): CollectedTable;
};

export type CollectedTable = {
  readonly columns: readonly {
    readonly column: number;
    readonly name: string;
    readonly facts: ColumnFacts;
  }[];
  /** Number of the row with the names; false if there is none. */
  readonly header: number | false;
  readonly rowCount: number;
  /** Number of the first row with values, if those after it follow without a gap. */
  readonly firstRow: number | undefined;
  readonly longestRowBytes: number;
};

/** Key of a column in a line of JSON. */
export const keyOf = (column: number): string => `c${column}`;

export function createSheetTable({ header }: Pick<ReadingSettings, "header">): SheetTable {
  const names = new Map<number, string>();
  const columns = new Map<number, ColumnFacts>();
  let lines: string[] = [];
  let headerRow: number | false | undefined = header === false ? false : undefined;
  let rowCount = 0;
  let firstRow: number | undefined;
  let [lastRow, hasGap] = [0, false];
  let longestRowBytes = 0;

  /** Whether the first row is the one with the names: by the settings, or if all of it is text. */
  function takeHeader({ row, cells }: SheetRow): boolean {
    if (typeof header === "number" && row < header) return true;
    if (typeof header === "number" && row > header) throw noHeader(header);
    const isHeader = header !== undefined || cells.every(({ kind, text }) => kind === "text" && text !== "");
    headerRow = isHeader && row;
    if (isHeader) for (const { column, text } of cells) names.set(column, text);
    return isHeader;
  }

  function takeRow({ row, cells }: SheetRow): void {
    firstRow ??= row;
    hasGap ||= lastRow > 0 && row !== lastRow + 1;
    lastRow = row;
    rowCount += 1;
    const members = cells.map((cell) => {
      const facts = columns.get(cell.column) ?? new Map();
      columns.set(cell.column, facts);
      addFact(facts, cell, () => `${columnLetters(cell.column)}${row}`);
      return `"${keyOf(cell.column)}":${JSON.stringify(cell.text)}`;
    });
    const line = `{${members.join(",")}}\n`;
    const bytes = Buffer.byteLength(line);
    if (bytes > rowBytesMax)
      throw invalid(`the row ${row} takes more than ${rowBytesMax / 1024 ** 2} MiB as text`);
    longestRowBytes = Math.max(longestRowBytes, bytes);
    lines.push(line);
  }

  return {
    add(row) {
      if (headerRow === undefined && takeHeader(row)) return;
      takeRow(row);
    },
    drain() {
      const bytes = Buffer.from(lines.join(""));
      lines = [];
      return bytes;
    },
    end() {
      if (typeof header === "number" && headerRow === undefined) throw noHeader(header);
      const found = [...new Set([...names.keys(), ...columns.keys()])].toSorted(
        (left, right) => left - right,
      );
      return {
        columns: found.map((column) => ({
          column,
          name: headerRow ? (names.get(column) ?? "") : columnLetters(column),
          facts: columns.get(column) ?? new Map(),
        })),
        header: headerRow ?? false,
        rowCount,
        firstRow: hasGap ? undefined : firstRow,
        longestRowBytes,
      };
    },
  };
}

const noHeader = (row: number) => invalid(`the row ${row}, which settings.header names, has no values`);
const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
