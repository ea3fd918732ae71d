import { EngineFailure } from "../../engine-failure.ts";
import { type CellRange, columnLetters, parseCell, rowsMax } from "./cell-names.ts";
import { type CellValue, toIsoDate, toNumber } from "./cell-value.ts";
import type { DateKind } from "./number-format.ts";
import type { XmlHandler } from "./parse-xml.ts";
import { createRichText, decodeEscapes } from "./read-strings.ts";

/** Cells with a value, from left to right. */
export type SheetRow = { readonly row: number; readonly cells: readonly SheetCell[] };
type SheetCell = CellValue & { readonly column: number };

type SheetOptions = {
  readonly range: CellRange;
  readonly strings: readonly string[];
  readonly styles: readonly (DateKind | undefined)[];
  readonly is1904: boolean;
  readonly errorCells: "refuse" | "null";
};

/** Longest text of a cell. Programs allow 32,767 characters. */
const textCharactersMax = 1024 * 1024;

/** A cell while it is read. */
type OpenCell = {
  readonly column: number;
  readonly type: string;
  readonly style: number;
  hasFormula: boolean;
  /** Text of `v`. Empty in an `is`, whose text is apart. */
  raw: string | undefined;
};

/** Takes the elements of a sheet, and calls `onRow` for each row with a value in the range. */
export function createSheetHandler(options: SheetOptions, onRow: (row: SheetRow) => void): XmlHandler {
  const { fromRow, toRow, fromColumn, toColumn } = options.range;
  const rich = createRichText();
  let row = 0;
  let cells: SheetCell[] = [];
  let lastColumn = 0;
  let cell: OpenCell | undefined;
  let isValue = false;

  function openRow(name: string | undefined): void {
    const next = name === undefined ? row + 1 : Number(name);
    if (!Number.isInteger(next) || next <= row || next > rowsMax) {
      throw invalid(`the row ${next} follows the row ${row}`);
    }
    row = next;
    cells = [];
    lastColumn = 0;
  }

  function openCell(attribute: (name: string) => string | undefined): OpenCell {
    const name = attribute("r");
    const at = name === undefined ? { column: lastColumn + 1, row } : parseCell(name);
    if (!at || at.row !== row || at.column <= lastColumn) {
      throw invalid(`the cell ${JSON.stringify(name)} is not in its place in the row ${row}`);
    }
    lastColumn = at.column;
    const [type = "n", style = 0] = [attribute("t"), Number(attribute("s") ?? 0)];
    return { column: at.column, type, style, hasFormula: false, raw: undefined };
  }

  function closeCell({ column, ...open }: OpenCell): void {
    if (row < fromRow || row > toRow || column < fromColumn || column > toColumn) return;
    const inline = open.type === "inlineStr" ? rich.end() : undefined;
    const value = readValue({ ...open, raw: inline ?? open.raw }, `${columnLetters(column)}${row}`, options);
    if (value) cells.push({ column, ...value });
  }

  return {
    open(name, attribute) {
      const problem = cell && problemOf(cell, name, isValue);
      if (problem) throw invalid(`the cell ${columnLetters(lastColumn)}${row} has ${problem}`);
      if (name === "row") openRow(attribute("r"));
      else if (name === "c") {
        cell = openCell(attribute);
        rich.start();
      } else if (cell && (name === "v" || name === "is")) {
        isValue = name === "v";
        cell.raw = "";
      } else if (cell && name === "f") cell.hasFormula = true;
      else rich.open(name);
    },
    text(text) {
      if (!cell) return;
      if (isValue) cell.raw = (cell.raw ?? "") + text;
      rich.text(text);
      if ((cell.raw?.length ?? 0) > textCharactersMax || rich.length() > textCharactersMax) {
        throw invalid(
          `the cell ${columnLetters(cell.column)}${row} has a text of more than ${textCharactersMax} characters`,
        );
      }
    },
    close(name) {
      if (name === "v") isValue = false;
      rich.close(name);
      if (name === "c" && cell) {
        closeCell(cell);
        cell = undefined;
      }
      if (name === "row" && cells.length > 0) onRow({ row, cells });
    },
  };
}

/** Why an element can't be in a cell: it would replace a value, or be lost beside one. */
function problemOf({ type, raw }: OpenCell, name: string, isValue: boolean): string | undefined {
  const quoted = (text: string) => JSON.stringify(text.slice(0, 40));
  if (isValue) return `an element ${quoted(name)} in its value`;
  if (name !== "v" && name !== "is") return undefined;
  if ((name === "is") !== (type === "inlineStr")) {
    return `the type ${quoted(type)}, but an element ${quoted(name)}`;
  }
  return raw === undefined ? undefined : "two values";
}

/** Undefined if there is no value. */
function readValue(
  { type, style, hasFormula, raw }: Omit<OpenCell, "column">,
  name: string,
  { strings, styles, is1904, errorCells }: SheetOptions,
): CellValue | undefined {
  if (raw === undefined) {
    if (!hasFormula) return undefined;
    throw invalid(
      `the formula in the cell ${name} has no stored value: open the file with its program, and save it`,
    );
  }
  const damaged = () =>
    invalid(`the cell ${name} has the value ${JSON.stringify(raw.slice(0, 40))}, which is no ${type}`);
  switch (type) {
    case "n":
      return raw.trim() === "" ? undefined : (toNumber(raw.trim(), styles[style], is1904) ?? fail(damaged()));
    case "s": {
      const text = /^\d{1,9}$/.test(raw.trim()) ? strings[Number(raw)] : undefined;
      return { kind: "text", text: text ?? fail(damaged()) };
    }
    case "str":
      return { kind: "text", text: decodeEscapes(raw) };
    case "inlineStr":
      return { kind: "text", text: raw };
    case "b":
      return /^[01]$/.test(raw.trim())
        ? { kind: "boolean", text: String(raw.trim() === "1") }
        : fail(damaged());
    case "d":
      return toIsoDate(raw.trim()) ?? fail(damaged());
    case "e":
      if (errorCells === "null") return undefined;
      throw invalid(
        `the cell ${name} has the error ${raw.slice(0, 40)}: correct it, or set settings.errorCells to null`,
      );
    default:
      throw invalid(`the cell ${name} has the type ${JSON.stringify(type.slice(0, 40))}, which is not known`);
  }
}

function fail(error: EngineFailure): never {
  throw error;
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
