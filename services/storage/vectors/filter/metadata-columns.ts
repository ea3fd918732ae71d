/** The values of one field by row: `values[codes[row]]`. The first value is undefined, of rows without the field. */
type MetadataColumn = { readonly codes: Int32Array; readonly values: readonly unknown[] };

/** Metadata of rows, as JSON texts and, for the fields that filters have named, as columns. */
export type MetadataColumns = {
  rowCount(): number;
  set(row: number, json: string): void;
  /** Moves the last row to this one, and forgets the last. */
  replaceByLast(row: number): void;
  at(path: readonly string[]): MetadataColumn;
  /** Estimate of the memory, in bytes. */
  bytes(): number;
};

type Column = { codes: Int32Array; values: unknown[]; codeOf: Map<string, number>; path: readonly string[] };

/** Fields that are kept as columns. */
const columnsMax = 64;

export function createMetadataColumns(): MetadataColumns {
  const texts: string[] = [];
  const columns = new Map<string, Column>();
  let textBytes = 0;
  return {
    rowCount: () => texts.length,
    set(row, json) {
      textBytes += json.length - (texts[row]?.length ?? 0);
      texts[row] = json;
      if (columns.size === 0) return;
      const metadata: unknown = JSON.parse(json);
      for (const column of columns.values()) setValue(column, row, metadata);
    },
    replaceByLast(row) {
      const last = texts.length - 1;
      textBytes -= texts[row]?.length ?? 0;
      texts[row] = texts[last] ?? "";
      texts.length = last;
      for (const { codes } of columns.values()) codes[row] = codes[last] ?? 0;
    },
    at(path) {
      const key = JSON.stringify(path);
      const known = columns.get(key);
      // Values that no row has any more are forgotten when the column is made anew.
      const column =
        known && known.values.length <= 2 * texts.length + 1000 ? known : createColumn(texts, path);
      columns.delete(key);
      columns.set(key, column);
      const [oldest] = columns.keys();
      if (columns.size > columnsMax && oldest !== undefined) columns.delete(oldest);
      return column;
    },
    bytes: () => {
      const ofColumns = [...columns.values()].map(
        ({ codes, values }) => codes.byteLength + 64 * values.length,
      );
      return ofColumns.reduce((sum, bytes) => sum + bytes, textBytes + 32 * texts.length);
    },
  };
}

function createColumn(texts: readonly string[], path: readonly string[]): Column {
  const column: Column = {
    codes: new Int32Array(texts.length),
    values: [undefined],
    codeOf: new Map(),
    path,
  };
  for (const [row, json] of texts.entries()) setValue(column, row, JSON.parse(json));
  return column;
}

function setValue(column: Column, row: number, metadata: unknown): void {
  if (row >= column.codes.length) {
    const grown = new Int32Array(Math.max(1024, 2 * row));
    grown.set(column.codes);
    column.codes = grown;
  }
  column.codes[row] = codeOf(column, valueAt(metadata, column.path));
}

function codeOf({ values, codeOf: codes }: Column, value: unknown): number {
  if (value === undefined) return 0;
  // Objects equal nothing, so that one stands for all.
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const key = isObject ? "{}" : JSON.stringify(value);
  const known = codes.get(key);
  if (known !== undefined) return known;
  codes.set(key, values.length);
  return values.push(isObject ? {} : value) - 1;
}

function valueAt(metadata: unknown, path: readonly string[]): unknown {
  let value = metadata;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return value;
}
