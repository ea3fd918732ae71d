import { canonical, type Plain, parseExactly } from "./canonical.ts";
import { type Cell, type CorpusFile, isMeaning } from "./corpus.ts";

type Column = { readonly name: string; readonly type: string; readonly isText: boolean };

/** A table as a reader returns it. `isText` marks columns without a type of their own. */
export type ReadTable = {
  readonly columns: readonly Column[];
  readonly rows: readonly Plain[][];
};

/**
 * Describes the first change of a reader to the expected content; undefined if there is none. Types are compared if
 * `withTypes`.
 */
export const findChange = (file: CorpusFile, read: ReadTable, withTypes: boolean): string | undefined =>
  findColumnChange(file, read, withTypes) ?? findRowChange(file, read);

function findColumnChange(
  { columns = [], columnCount = columns.length }: CorpusFile,
  read: ReadTable,
  withTypes: boolean,
): string | undefined {
  if (read.columns.length !== columnCount) return `${read.columns.length} columns instead of ${columnCount}`;
  for (const [index, [name, type]] of columns.entries()) {
    const found = read.columns[index];
    if (!found || !fits(found.name, name)) return `column ${index} is called ${JSON.stringify(found?.name)}`;
    if (withTypes && !fits(found.type, type)) return `column ${name} is ${found.type} instead of ${type}`;
  }
  return undefined;
}

function findRowChange(
  { columns = [], rows, lastRows, rowCount = rows?.length }: CorpusFile,
  read: ReadTable,
): string | undefined {
  if (read.rows.length !== rowCount) return `${read.rows.length} rows instead of ${rowCount}`;
  const wanted = rows ?? lastRows ?? [];
  const first = read.rows.length - wanted.length;
  for (const [row, cells] of wanted.entries()) {
    const changed = cells.findIndex((cell, index) => {
      const got = read.rows[first + row]?.[index] ?? null;
      return !keepsCell(got, cell, read.columns[index], columns[index]?.[1] === "VARCHAR");
    });
    const got = JSON.stringify(read.rows[first + row]?.[changed]);
    if (changed >= 0) return `row ${first + row}, column ${columns[changed]?.[0]}: ${got?.slice(0, 200)}`;
  }
  return undefined;
}

/** Matches a name or type: `*` stands for any text, `|` separates patterns. */
function fits(found: string, pattern: string): boolean {
  const literal = (text: string) => text.replaceAll(/[.+?^${}()[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^(${pattern.split("|").map(literal).join("|")})$`, "s").test(found);
}

function keepsCell(given: Plain, truth: Cell, column: Column | undefined, onlyText: boolean): boolean {
  const isMap = column?.type.startsWith("MAP");
  const [got, cell] = isMap ? [toObject(given), toObject(truth)] : [given, truth];
  if (cell === null || got === null) return cell === got;
  const texts: readonly Cell[] = isMeaning(cell) ? [cell.text].flat() : [cell];
  const spelled = typeof got === "number" ? String(got) : got;
  if (texts.some((text) => text === spelled)) return true;
  const value = isMeaning(cell) ? cell.value : cell;
  const isText = column?.isText ?? false;
  if (onlyText || (isText && typeof value !== "object")) return false;
  return canonical(typeof value === "object" ? structureOf(got) : got) === canonical(value);
}

/** Converts a map to an object if its keys were member names. */
function toObject<T extends Cell>(map: T): T | Plain {
  if (!Array.isArray(map)) return map;
  const entries = map.map((entry) => entry as { key: string; value: Plain });
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

/** Text instead of a list or object, at any level, is compared as JSON. */
function structureOf(got: Plain): Plain {
  if (Array.isArray(got)) return got.map(structureOf);
  if (typeof got === "object" && got !== null) {
    return Object.fromEntries(Object.entries(got).map(([name, field]) => [name, structureOf(field)]));
  }
  if (typeof got !== "string" || !/^[[{"]/.test(got)) return got;
  try {
    return parseExactly(got);
  } catch {
    return got;
  }
}
