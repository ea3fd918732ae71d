import { open } from "node:fs/promises";
import { sourceDataInvalid } from "../../errors.ts";
import type { OpenSource } from "../connector.ts";
import { borrowDatabase, type DatabaseFileDeps } from "../database-file/borrow-database.ts";
import { parseFileSettings } from "../database-file/settings.ts";
import { createOpenSql, type SqlConnectorDeps } from "../sql/sql-connector.ts";
import { sqliteName, sqliteSettings } from "./settings.ts";
import type { SqliteLogin } from "./sqlite-rows.ts";

/** Files beside a database that belong to it: its write-ahead log, and a transaction that has to be rolled back. */
const walEnding = "-wal";
const journalEnding = "-journal";

/** A journal begins so while its transaction is open. Afterwards it is removed, emptied or overwritten with zeros. */
const journalMagic = Buffer.from("d9d505f920a163d7", "hex");

/** Reads SQLite databases. Each request reads bytes that do not change meanwhile. */
export const createOpenSqlite = (deps: SqlConnectorDeps & DatabaseFileDeps): OpenSource =>
  createOpenSql(deps, {
    name: sqliteName,
    parseSettings: (settings, field) => parseFileSettings(sqliteSettings, settings, field),
    schemasOf: () => undefined,
    secretsOf: () => [],
    insecureLoginOf: () => undefined,
    holdsSnapshots: true,
    async prepareLogin({ location, columnTypes = {} }, _lookup, signal): Promise<SqliteLogin & Disposable> {
      using stack = new DisposableStack();
      const file = stack.use(await borrowDatabase(deps, location, [walEnding, journalEnding], signal));
      if (await isOpenJournal(file.beside.get(journalEnding))) throw unfinished(file.name);
      const owned = stack.move();
      return {
        path: file.path,
        walPath: file.beside.get(walEnding),
        columnTypes,
        [Symbol.dispose]: () => owned.dispose(),
      };
    },
  });

async function isOpenJournal(path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(journalMagic.length));
  return bytesRead === journalMagic.length && journalMagic.equals(buffer);
}

const unfinished = (name: string) =>
  sourceDataInvalid(
    `the database ${JSON.stringify(name)} has an unfinished transaction in the file ${JSON.stringify(name + journalEnding)} ` +
      "beside it: try again when it has ended; if its program is gone, open the database with it once",
  );
