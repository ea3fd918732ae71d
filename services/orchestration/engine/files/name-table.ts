import { EngineFailure } from "../engine-failure.ts";
import { type ColumnOverride, readOverride } from "./column-override.ts";
import { nameColumns } from "./csv/name-columns.ts";
import type { ReadingSettings } from "./reading-settings.ts";

/** As nameColumns; a name that no table has is refused, too. */
export function nameTable(found: readonly string[], settings: ReadingSettings): string[] {
  return nameColumns(found, settings.columnNames ?? {});
}

/** The types that the file's owner wants, for those columns that have one. */
export function overridesOf(
  names: readonly string[],
  settings: ReadingSettings,
): ReadonlyMap<string, ColumnOverride> {
  const wanted = Object.entries(settings.columnTypes ?? {});
  const unknown = wanted.find(([name]) => !names.includes(name));
  if (unknown)
    throw invalid(`settings.columnTypes has ${JSON.stringify(unknown[0])}, which no column is called`);
  return new Map(wanted.map(([name, type]) => [name, readOverride(name, type, settings)]));
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
