import { EngineFailure } from "../../engine-failure.ts";

/**
 * Names columns as the file does, or as its owner says: by the name in the file, or by the column's place as `#3`. Names of
 * a table differ in more than case; those that do not are refused, because a name that is made up is nobody's.
 */
export function nameColumns(found: readonly string[], names: Readonly<Record<string, string>>): string[] {
  const unknown = Object.keys(names).find((name) => !found.includes(name) && !isPlace(name, found.length));
  if (unknown !== undefined) {
    throw new EngineFailure(
      "sourceDataInvalid",
      `settings.columnNames has ${JSON.stringify(unknown)}, which no column is called`,
    );
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
  return new EngineFailure(
    "sourceDataInvalid",
    `column ${column + 1} has a name that is empty or has a NUL: name it in settings.columnNames, as {"#${column + 1}": "another name"}`,
  );
}

function sameName(names: readonly string[], first: number, second: number): EngineFailure {
  const [left, right] = [names[first], names[second]].map((name) => JSON.stringify(name));
  const what =
    left === right
      ? `columns ${first + 1} and ${second + 1} are both called ${left}`
      : `columns ${first + 1} and ${second + 1} are called ${left} and ${right}, which differ in case only`;
  return new EngineFailure(
    "sourceDataInvalid",
    `${what}: name one of them in settings.columnNames, as {"#${second + 1}": "another name"}`,
  );
}
