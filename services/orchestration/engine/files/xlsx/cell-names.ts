/** Rows and columns are counted from 1; `to` is inclusive. */
export type CellRange = {
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly fromRow: number;
  readonly toRow: number;
};

export const rowsMax = 1_048_576;
const columnsMax = 16_384;
const lettersCount = 26;
const letterBase = "A".charCodeAt(0) - 1;

/** Letters of a column, such as AB. */
export function columnLetters(column: number): string {
  let letters = "";
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / lettersCount)) {
    letters = String.fromCharCode(letterBase + 1 + ((rest - 1) % lettersCount)) + letters;
  }
  return letters;
}

/** Undefined if it is no column of a sheet. */
function columnOf(letters: string): number | undefined {
  let column = 0;
  for (const letter of letters) column = column * lettersCount + letter.charCodeAt(0) - letterBase;
  return column > columnsMax ? undefined : column;
}

/** Column and row of a cell such as B7; undefined if there is no such cell. */
export function parseCell(name: string): { column: number; row: number } | undefined {
  const [, letters = "", digits] = /^([A-Z]{1,3})([1-9]\d{0,6})$/.exec(name) ?? [];
  const column = columnOf(letters);
  const row = Number(digits);
  return column === undefined || digits === undefined || row > rowsMax ? undefined : { column, row };
}

/** A range such as B3:F100, or B3:F for all rows from the third on. Undefined if there is no such range. */
export function parseRange(text: string): CellRange | undefined {
  const [, start = "", letters = "", digits] =
    /^([A-Z]+\d+):([A-Z]{1,3})(\d{1,7})?$/.exec(text.toUpperCase()) ?? [];
  const from = parseCell(start);
  const toColumn = columnOf(letters);
  const toRow = digits === undefined ? rowsMax : Number(digits);
  if (!from || toColumn === undefined || toRow > rowsMax) return undefined;
  if (toColumn < from.column || toRow < from.row) return undefined;
  return { fromColumn: from.column, toColumn, fromRow: from.row, toRow };
}

export const wholeSheet: CellRange = { fromColumn: 1, toColumn: columnsMax, fromRow: 1, toRow: rowsMax };
