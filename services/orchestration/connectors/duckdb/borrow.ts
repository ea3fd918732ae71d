import type { Quarantine } from "../../crashes/quarantine.ts";
import type { Engine } from "../../engine/engine.ts";
import { sourceDataInvalid } from "../../errors.ts";
import {
  type BorrowedDatabase,
  borrowDatabase,
  type DatabaseFileDeps,
} from "../database-file/borrow-database.ts";
import type { FileLocation } from "../database-file/settings.ts";

export type DuckdbDeps = DatabaseFileDeps & { readonly engine: Engine; readonly quarantine: Quarantine };

/** The write-ahead log of a database that is open, or whose program was killed. */
const walEnding = ".wal";

/** Borrows a database whose changes are all in the file itself. FailedPrecondition (SOURCE_DATA_INVALID). */
export async function borrowDuckdb(
  deps: DuckdbDeps,
  location: FileLocation,
  signal: AbortSignal,
): Promise<BorrowedDatabase> {
  const file = await borrowDatabase(deps, location, [walEnding], signal);
  if (!file.beside.has(walEnding)) return file;
  file[Symbol.dispose]();
  throw hasLog(file.name);
}

/** Description of a database, for messages. */
export const databaseNamed = ({ name }: BorrowedDatabase): string => `the database ${JSON.stringify(name)}`;

const hasLog = (name: string) =>
  sourceDataInvalid(
    `the database ${JSON.stringify(name)} has changes in the file ${JSON.stringify(name + walEnding)} beside it: ` +
      "try again when its program has closed it or run CHECKPOINT; if the program is gone, open the database with DuckDB once",
  );
