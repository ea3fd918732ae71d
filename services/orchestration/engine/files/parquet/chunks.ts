import {
  chunkFields,
  footerFields,
  groupFields,
  magic,
  metaFields,
  readStructListHeader,
} from "../../parquet/footer.ts";
import {
  type Cursor,
  cursorOn,
  malformed,
  readInteger,
  readStruct,
} from "../../parquet/thrift/read-struct.ts";
import type { ColumnChunk } from "./check-pages.ts";
import type { SchemaNode } from "./schema.ts";

/** The column chunks of a file and its number of rows. */
export type FileParts = { readonly rowCount: number; readonly chunks: readonly ColumnChunk[] };

/** Reads the extents of the column chunks by row group; `valuesEnd` is the offset before which they must end. */
export function readParts(footer: Buffer, columns: readonly SchemaNode[], valuesEnd: number): FileParts {
  const leaves = columns.flatMap((column) => Array.from({ length: leavesOf(column) }, () => column.name));
  const chunks: ColumnChunk[] = [];
  const cursor = cursorOn(footer);
  let rowCount = 0;
  let groupRows = 0;
  readStruct(cursor, ({ id, type }) => {
    if (id === footerFields.rowCount) rowCount = Number(readInteger(cursor, type));
    else if (id === footerFields.groups)
      eachStruct(cursor, type, () => (groupRows += readGroup(cursor, leaves, chunks)));
    else return false;
    return true;
  });
  if (groupRows !== rowCount || rowCount < 0)
    throw malformed("it has another number of rows than its row groups");
  const misplaced = chunks.find(({ from, to }) => to > from && (from < magic.length || to > valuesEnd));
  if (misplaced) throw malformed("a column is not in its place");
  return { rowCount, chunks: chunks.filter(({ from, to }) => to > from) };
}

function readGroup(cursor: Cursor, leaves: readonly string[], chunks: ColumnChunk[]): number {
  let rowCount = 0;
  const countBefore = chunks.length;
  readStruct(cursor, ({ id, type }) => {
    if (id === groupFields.rowCount) rowCount = Number(readInteger(cursor, type));
    else if (id === groupFields.columns) {
      eachStruct(cursor, type, (leaf) => chunks.push(readChunk(cursor, leaves[leaf])));
    } else return false;
    return true;
  });
  // A row group without rows may have a dictionary but no page.
  if (rowCount === 0) chunks.length = countBefore;
  return rowCount;
}

const leavesOf = ({ children }: SchemaNode): number =>
  children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);

function eachStruct(cursor: Cursor, type: number, read: (index: number) => void): void {
  const count = readStructListHeader(cursor, type);
  for (let index = 0; index < count; index++) read(index);
}

function readChunk(cursor: Cursor, column: string | undefined): ColumnChunk {
  if (column === undefined) throw malformed("a row group has more columns than the schema");
  const found = new Map<number, number>();
  readStruct(cursor, (field) => {
    if (field.id === chunkFields.filePath) throw malformed("a column is in another file");
    if (field.id === chunkFields.crypto || field.id === chunkFields.encryptedMetaData) {
      throw malformed("a column is encrypted");
    }
    if (field.id !== chunkFields.metaData) return false;
    readStruct(cursor, ({ id, type }) => {
      if (id !== metaFields.compressedBytes && id !== metaFields.dataPage && id !== metaFields.dictionaryPage)
        return false;
      found.set(id, Number(readInteger(cursor, type)));
      return true;
    });
    return true;
  });
  const dataPage = found.get(metaFields.dataPage) ?? 0;
  // 0 means that there is no dictionary.
  const from = Math.min(dataPage, found.get(metaFields.dictionaryPage) || dataPage);
  return { column, from, to: from + (found.get(metaFields.compressedBytes) ?? 0) };
}
