import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { type ColumnOverride, readOverride } from "./column-override.ts";

/** Each one takes memory in every step, whatever the rows have. */
const columnsMax = 20_000;

/**
 * Names columns as the file does, or as its owner says: by the name in the file, or by the column's place as `#3`. Names of
 * a table differ in more than case; those that do not are refused, because a name that is made up is nobody's.
 */
export function nameTable(found: readonly string[], { columnNames: names = {} }: ReadingSettings): string[] {
  if (found.length > columnsMax) throw tooMany(found.length);
  const unknown = Object.keys(names).find((name) => !found.includes(name) && !isPlace(name, found.length));
  if (unknown !== undefined) {
    throw invalid(`settings.columnNames has ${JSON.stringify(unknown)}, which no column is called`);
  }
  const said = new Map(Object.entries(names));
  const named = found.map((name, column) => said.get(`#${column + 1}`) ?? said.get(name) ?? name);
  const odd = named.findIndex((name) => name === "" || name.includes("\0"));
  if (odd >= 0) throw noName(odd);
  const places = new Map<string, number>();
  for (const [column, name] of named.entries()) {
    const before = places.get(name.toLowerCase());
    if (before !== undefined) throw sameName(named, before, column);
    places.set(name.toLowerCase(), column);
  }
  return named;
}

const isPlace = (name: string, count: number): boolean => {
  const place = Number(/^#([1-9]\d*)$/.exec(name)?.[1] ?? 0);
  return place >= 1 && place <= count;
};

function noName(column: number): EngineFailure {
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
