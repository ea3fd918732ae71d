import { parse } from "node:path";
import type { BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { TableSettings } from "./settings.ts";

/** Name of the table that a file is. */
export const tableNameOf = (blob: BorrowedBlob, { tableName }: TableSettings): string =>
  tableName ?? parse(blob.name).name;

/** Description of a file, for messages. */
export const fileNamed = ({ name }: BorrowedBlob): string => `the file ${JSON.stringify(name)}`;
