import { parse } from "node:path";
import type { BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { FileSettings } from "./settings.ts";

/** The name of a file's one table. */
export const tableNameOf = (blob: BorrowedBlob, { tableName }: FileSettings): string =>
  tableName ?? parse(blob.name).name;

/** What people call a file, for messages. */
export const fileNamed = ({ name }: BorrowedBlob): string => `the file ${JSON.stringify(name)}`;
