import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { type ColumnOverride, readOverride } from "./column-override.ts";

/** Each column takes memory in every step, even without rows. */
const columnsMax = 20_000;

/**
 * Names columns as in the file or by `settings.columnNames`, whose keys are names in the file or positions such as `#3`. Names
 * that differ in case only are refused rather than changed.
 */
export function nameTable(found: readonly string[], { columnNames: names = {} }: ReadingSettings): string[] {
  if (found.length > columnsMax) throw tooMany(found.length);
  const unknown = Object.keys(names).find((name) => !found.includes(name) && !isPosition(name, found.length));
  if (unknown !== undefined) {
    throw invalid(`settings.columnNames has ${JSON.stringify(unknown)}, which no column is called`);
  }
  const configured = new Map(Object.entries(names));
  const named = found.map((name, column) => configured.get(`#${column + 1}`) ?? configured.get(name) ?? name);
  const odd = named.findIndex((name) => name === "" || name.includes("\0"));
  if (odd >= 0) throw unusableName(odd);
  const columnsByName = new Map<string, number>();
  for (const [column, name] of named.entries()) {
    const before = columnsByName.get(name.toLowerCase());
    if (before !== undefined) throw sameName(named, before, column);
    columnsByName.set(name.toLowerCase(), column);
  }
  return named;
}

const isPosition = (name: string, count: number): boolean => {
  const position = Number(/^#([1-9]\d*)$/.exec(name)?.[1] ?? 0);
  return position >= 1 && position <= count;
};

function unusableName(column: number): EngineFailure {
  return invalid(
    `column ${column + 1} has a name that is empty or has a NUL: name it in settings.columnNames, as {"#${column + 1}": "another name"}`,
  );
}

function sameName(names: readonly string[], first: number, second: number): EngineFailure {
  const [left, right] = [names[first], names[second]].map((name) => JSON.stringify(name));
  const what =
    left === right
      ? `columns ${first + 1} and ${second + 1} are both called ${left}`
      : `columns ${first + 1} and ${second + 1} are called ${left} and ${right}, which differ in case only`;
  return invalid(`${what}: name one of them in settings.columnNames, as {"#${second + 1}": "another name"}`);
}

const tooMany = (count: number): EngineFailure =>
  invalid(
    `it has ${count.toLocaleString("en")} columns; ${columnsMax.toLocaleString("en")} at the most are read`,
  );

/** The column types of the settings. */
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
