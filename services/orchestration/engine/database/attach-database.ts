import { open } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { StoredTable } from "../described-table.ts";
import { EngineFailure } from "../engine-failure.ts";
import { identifier, literal } from "../sql-text.ts";
import { databasePath, inputName } from "../work-file-names.ts";
import { toEngineFailure } from "./duckdb-error.ts";

/** Catalog of the attached database file. */
export const attachedCatalog = "sluice_database";

/** SQL that names a table of it. */
export const nameOf = ({ schemaName, name }: StoredTable): string =>
  [attachedCatalog, schemaName, name].map(identifier).join(".");

/** The main header: a checksum, the mark, the version, and four flags. */
const headerBytes = 28;
const mark = "DUCK";
const markAt = 8;
const versionAt = 12;
const flagsAt = 20;
const encryptedFlag = 1n;

/** Versions of the format that this DuckDB reads. A test compares the last one with the files that it writes. */
const oldestVersion = 64n;
const newestVersion = 68n;

/** Attaches the input, a database file, read only. Fails as `sourceDataInvalid`. */
export async function attachDatabase(connection: DuckDBConnection): Promise<void> {
  await checkHeader();
  try {
    await connection.run(`ATTACH ${literal(databasePath)} AS ${attachedCatalog} (READ_ONLY, TYPE duckdb)`);
  } catch (error) {
    throw damaged(error);
  }
}

/** Whatever DuckDB complains about, the cause is the file. */
function damaged(error: unknown): EngineFailure {
  const { kind, message } = toEngineFailure(error, "sourceDataInvalid");
  if (kind === "memory") return new EngineFailure(kind, message);
  return new EngineFailure("sourceDataInvalid", `the database is damaged: ${message}`);
}

async function checkHeader(): Promise<void> {
  await using file = await open(inputName);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
  const isDatabase = bytesRead === headerBytes && buffer.toString("latin1", markAt, versionAt) === mark;
  if (!isDatabase) throw refused("it is not a DuckDB database");
  const version = buffer.readBigUInt64LE(versionAt);
  if (version < oldestVersion) {
    throw refused(
      `its format has the version ${version}, from a DuckDB before 0.10: EXPORT DATABASE there, and IMPORT DATABASE into a newer one`,
    );
  }
  if (version > newestVersion) {
    throw refused(
      `its format has the version ${version}, and up to ${newestVersion} is read: ATTACH a new file with an older STORAGE_VERSION, ` +
        "and copy the tables with COPY FROM DATABASE",
    );
  }
  if ((buffer.readBigUInt64LE(flagsAt) & encryptedFlag) !== 0n) throw refused("it is encrypted");
}

const refused = (message: string): EngineFailure => new EngineFailure("sourceDataInvalid", message);
