import { identifier } from "../../sql-text.ts";
import { findCaseCollision } from "../columns/find-case-collision.ts";
import { kind, numberFact, textForm, type ValueNode } from "./value-node.ts";

/** Rewriting of values for DuckDB: unchanged, numbers as strings, any value as JSON text, or by member. */
export type ColumnPlan = {
  readonly dataType: string;
  /** Whether DuckDB reads the values correctly from the original file. */
  readonly isDirect: boolean;
  readonly note?: string | undefined;
  readonly form?: string | undefined;
} & (
  | { readonly how: "same" | "numberAsText" | "jsonText" | "anyText" }
  | { readonly how: "struct"; readonly fields: ReadonlyMap<string, ColumnPlan> }
  | { readonly how: "map" | "list"; readonly element: ColumnPlan }
);

/** Nesting limit of column types; deeper values are JSON text. */
const typeLevelsMax = 16;
const decimalDigits = 18;
const decimalDigitsMax = 38;
/** DuckDB reads JSON fractions as doubles, which keep this many digits when scaled to an integer. */
const directDigits = 15;
/** Years that 64-bit nanoseconds cover. */
const nanosecondYears = { min: 1678, max: 2261 };

const same = (dataType: string): ColumnPlan => ({ how: "same", dataType, isDirect: true });
const jsonText = (note: string): ColumnPlan => ({
  how: "jsonText",
  dataType: "VARCHAR",
  isDirect: false,
  note,
});
const numberAsText = (dataType: string, note?: string): ColumnPlan => ({
  how: "numberAsText",
  dataType,
  isDirect: false,
  note,
});

const kindNames: readonly (readonly [number, string])[] = [
  [kind.boolean, "truth values"],
  [kind.number, "numbers"],
  [kind.text, "texts"],
  [kind.object, "objects"],
  [kind.array, "lists"],
];

/** Finds a type in which every value of a node is exact. */
export function planOf(node: ValueNode, level = 1): ColumnPlan {
  switch (node.kinds) {
    case 0:
      return same("VARCHAR");
    case kind.boolean:
      return same("BOOLEAN");
    case kind.number:
      return numberPlan(node);
    case kind.text:
      return textPlan(node);
    case kind.object:
      return level > typeLevelsMax ? tooDeep() : objectPlan(node, level);
    case kind.array:
      return level > typeLevelsMax ? tooDeep() : listPlan(node, level);
    default:
      return jsonText(`JSON, since the values are ${kindsOf(node)}`);
  }
}

const tooDeep = () => jsonText(`JSON, since it is more than ${typeLevelsMax} levels deep`);

const kindsOf = ({ kinds }: ValueNode): string =>
  kindNames
    .filter(([bit]) => kinds & bit)
    .map(([, name]) => name)
    .join(" and ");

function numberPlan({ numberFacts, wholeDigits, fractionDigits }: ValueNode): ColumnPlan {
  const has = (fact: number) => (numberFacts & fact) !== 0;
  const isDouble = !has(numberFact.isInexact);
  if (has(numberFact.hasExponent) || has(numberFact.isNegativeZero)) {
    return isDouble
      ? same("DOUBLE")
      : numberAsText("VARCHAR", "numbers that are not what their double is written as");
  }
  if (!has(numberFact.hasFraction) && !has(numberFact.isHuge)) return same("BIGINT");
  const digits = wholeDigits + fractionDigits;
  if (fractionDigits === 0) {
    if (digits > decimalDigitsMax) {
      return numberAsText(
        "VARCHAR",
        `integers of up to ${digits} digits; a number has ${decimalDigitsMax} at the most`,
      );
    }
    return same(`DECIMAL(${decimalDigitsMax},0)`);
  }
  if (digits <= directDigits) return same(`DECIMAL(${decimalDigits},${fractionDigits})`);
  if (digits <= decimalDigits) return numberAsText(`DECIMAL(${decimalDigits},${fractionDigits})`);
  if (isDouble) return same("DOUBLE");
  if (digits <= decimalDigitsMax) return numberAsText(`DECIMAL(${decimalDigitsMax},${fractionDigits})`);
  return numberAsText(
    "VARCHAR",
    `decimals of up to ${digits} digits; a number has ${decimalDigitsMax} at the most`,
  );
}

function textPlan({ form, secondDigits, yearMin, yearMax, offset }: ValueNode): ColumnPlan {
  const isMicro = secondDigits <= 6;
  switch (form) {
    case textForm.date:
      return { ...same("DATE"), form: "ISO date" };
    case textForm.time:
      return isMicro
        ? { ...same("TIME"), form: "time" }
        : { ...same("VARCHAR"), note: tooFine("times", secondDigits) };
    case textForm.timestamp:
    case textForm.timestampWithSpace: {
      const notation = form === textForm.timestamp ? "ISO timestamp" : "ISO date, time";
      if (isMicro) return { ...same("TIMESTAMP"), form: notation };
      const isNano = secondDigits <= 9 && yearMin >= nanosecondYears.min && yearMax <= nanosecondYears.max;
      return isNano
        ? { ...same("TIMESTAMP_NS"), form: notation }
        : { ...same("VARCHAR"), note: "timestamps with nanoseconds: these are kept from 1678 to 2261" };
    }
    case textForm.utc:
    case textForm.utcWithSpace:
    case textForm.offset:
    case textForm.offsetWithSpace:
      if (!isMicro) return { ...same("VARCHAR"), note: tooFine("timestamps with a zone", secondDigits) };
      return { ...same("TIMESTAMP WITH TIME ZONE"), form: `timestamp with ${offset ?? "Z"}` };
    default:
      return same("VARCHAR");
  }
}

const tooFine = (what: string, digits: number) =>
  `${what} with ${digits} digits of seconds; 6 at the most are kept`;

function objectPlan(node: ValueNode, level: number): ColumnPlan {
  if (node.mapped) return mapPlan(node.mapped, level);
  const names = node.fieldList.map(({ name }) => name);
  if (names.length === 0) return jsonText("JSON, since the objects are empty");
  if (names.some((name) => name === "" || name.includes("\0")))
    return jsonText("JSON, since a name is empty or has a NUL");
  const alike = findCaseCollision(names);
  if (alike)
    return jsonText(
      `JSON, since ${alike.map((name) => JSON.stringify(name)).join(" and ")} differ in case only`,
    );
  const fields = new Map(node.fieldList.map((field) => [field.name, planOf(field, level + 1)]));
  const types = [...fields].map(([name, { dataType }]) => `${identifier(name)} ${dataType}`);
  return {
    how: "struct",
    fields,
    dataType: `STRUCT(${types.join(", ")})`,
    isDirect: [...fields.values()].every(({ isDirect }) => isDirect),
  };
}

function mapPlan(values: ValueNode, level: number): ColumnPlan {
  const element = planOf(values, level + 1);
  return {
    how: "map",
    element,
    dataType: `MAP(VARCHAR, ${element.dataType})`,
    isDirect: element.isDirect,
    note: "a map, since the objects have so many different names",
  };
}

function listPlan(node: ValueNode, level: number): ColumnPlan {
  const element = node.element ? planOf(node.element, level + 1) : same("VARCHAR");
  return { how: "list", element, dataType: `${element.dataType}[]`, isDirect: element.isDirect };
}
