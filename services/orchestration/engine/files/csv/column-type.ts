import type { ReadingSettings } from "../../reading-settings.ts";
import { byFormats, type ColumnType } from "../columns/conversion.ts";
import type { Form, FormKind } from "./forms.ts";
import { type Facts, floatType, numberType } from "./number-type.ts";
import { fact, factCount, type Tally } from "./tally.ts";

/** The values of one form in a column. */
type FoundForm = {
  readonly form: Form;
  readonly count: number;
  readonly line: number;
  readonly text: string;
};

const nanosecondYears = { min: 1678, max: 2261 };

/** Chooses the type of a column from the counts of its values. `lineOf` converts a line of the scan to one of the file. */
export function columnTypeOf(
  tally: Tally,
  column: number,
  forms: readonly Form[],
  settings: ReadingSettings,
  lineOf: (line: number) => number,
): ColumnType {
  const found = foundForms(tally, column, forms);
  const emptyCount = tally.emptyCounts[column] ?? 0;
  const textBecause = (note?: string): ColumnType => ({ dataType: "VARCHAR", note });
  if (found.length === 0) return textBecause();
  if (found.every(({ form }) => form.name === "text")) return textBecause();
  const facts = factsOf(tally, column);
  const kinds = new Set(found.map(({ form }) => form.kind));
  const isNumber = [...kinds].every((kind) => kind === "integer" || kind === "decimal");
  if (!isNumber && found.length > 1) {
    const asText = textBecause(describeMixture(found, lineOf));
    return isFloats(found) && emptyCount === 0 ? floatType(facts, asText) : asText;
  }
  const [first] = found;
  if (!first || first.form.kind === "text") return textBecause(`every value is ${first?.form.name}`);
  if (emptyCount > 0) {
    return textBecause(
      `${countOf(emptyCount)} an empty text in quotes; all others are ${kindNames[first.form.kind]}`,
    );
  }
  if (isNumber) return numberType(facts, kinds.has("decimal"), settings);
  return typeOfForm(first.form, facts, settings, textBecause);
}

/** Decimals, some of them with an exponent. */
const isFloats = (found: readonly FoundForm[]): boolean =>
  found.some(({ form }) => form.kind === "decimal") &&
  found.every(({ form }) => /^(integer|decimal|a number with an exponent)$/.test(form.name));

type TextBecause = (note?: string) => ColumnType;

const factsOf =
  ({ facts }: Tally, column: number): Facts =>
  (id) =>
    facts[column * factCount + id] ?? 0;

function foundForms(
  { counts, formCount, examples }: Tally,
  column: number,
  forms: readonly Form[],
): FoundForm[] {
  return forms.flatMap((form, index) => {
    const at = column * formCount + index;
    const count = counts[at] ?? 0;
    const example = examples.get(at);
    return count > 0 && example ? [{ form, count, ...example }] : [];
  });
}

const kindNames: Readonly<Record<FormKind, string>> = {
  integer: "integers",
  decimal: "decimals",
  boolean: "truth values",
  date: "dates",
  time: "times",
  timestamp: "timestamps",
  timestamptz: "timestamps with a zone",
  text: "text",
};

/** Describes the most frequent form and the first exception. */
function describeMixture(found: readonly FoundForm[], lineOf: (line: number) => number): string | undefined {
  const most = found.reduce((left, right) => (right.count > left.count ? right : left));
  const others = found.filter((one) => one !== most);
  const odd = others.reduce((left, right) => (right.line < left.line ? right : left));
  if (most.form.name === "text") return undefined;
  const name = odd.form.name === "text" ? "other text" : odd.form.name;
  const sum = others.reduce((total, { count }) => total + count, 0);
  return (
    `${countOf(most.count)} of the form "${most.form.name}", ${sum.toLocaleString("en")} not: ` +
    `the first is ${JSON.stringify(odd.text)} (${name}) in line ${lineOf(odd.line).toLocaleString("en")}`
  );
}

const countOf = (count: number): string =>
  `${count.toLocaleString("en")} ${count === 1 ? "value is" : "values are"}`;

function typeOfForm(
  form: Form,
  facts: Facts,
  settings: ReadingSettings,
  textBecause: TextBecause,
): ColumnType {
  const digits = facts(fact.secondFractionMax);
  const byForm = (dataType: string): ColumnType => {
    const formats = formatsOf(form, facts, settings);
    if (typeof formats === "string") return textBecause(formats);
    return {
      dataType,
      convert: formats && byFormats(formats, dataType),
      form: formats?.[0] ?? form.name,
    };
  };
  switch (form.kind) {
    case "boolean":
      return { dataType: "BOOLEAN", form: form.name };
    case "date":
      return byForm("DATE");
    case "time":
      return digits <= 6
        ? byForm("TIME")
        : textBecause(`times with ${digits} digits of seconds; 6 at the most are kept`);
    case "timestamp":
      return digits <= 6 ? byForm("TIMESTAMP") : nanoseconds(form, facts, textBecause);
    case "timestamptz":
      if (facts(fact.otherOffsetCount) > 0) return textBecause("the values have several offsets from UTC");
      return digits <= 6
        ? byForm("TIMESTAMP WITH TIME ZONE")
        : textBecause(`timestamps with a zone and ${digits} digits of seconds; 6 at the most are kept`);
    default:
      return textBecause();
  }
}

function nanoseconds(form: Form, facts: Facts, textBecause: TextBecause): ColumnType {
  const fits = facts(fact.yearMin) >= nanosecondYears.min && facts(fact.yearMax) <= nanosecondYears.max;
  if (fits && form.formats === undefined) return { dataType: "TIMESTAMP_NS", form: form.name };
  return textBecause("timestamps with nanoseconds: these are kept from 1678 to 2261 and in ISO form");
}

/** The strptime formats of a form: undefined if DuckDB's cast reads it; a string explains an ambiguity. */
function formatsOf(
  form: Form,
  facts: Facts,
  settings: ReadingSettings,
): readonly string[] | string | undefined {
  if (form.formats === undefined) return undefined;
  const configured = form.kind === "date" ? settings.dateFormat : settings.timestampFormat;
  const possible = form.formats.filter((_, index) => isPossible(index, form.formats?.length ?? 0, facts));
  const known = possible.filter((format) => format === configured);
  if (known.length === 0 && configured !== undefined && form.formats.includes(configured)) {
    return `some values are not of the format ${configured} of the settings`;
  }
  const left = known.length > 0 ? known : possible;
  if (left.length === 1) return withFraction(left[0] ?? "", facts(fact.secondFractionMax));
  if (left.length === 0) return "the day stands before the month in some dates and behind it in others";
  const setting = form.kind === "date" ? "dateFormat" : "timestampFormat";
  return `these may be ${left.join(" or ")}: set settings.${setting}`;
}

/** The first of two formats has the day before the month. */
function isPossible(index: number, count: number, facts: Facts): boolean {
  if (count < 2) return true;
  return facts(index === 0 ? fact.secondPartMax : fact.firstPartMax) <= 12;
}

/** Values may have fractions of seconds or not. */
function withFraction(format: string, digits: number): string[] {
  const whole = format.replace(".%f", "");
  if (whole === format || digits === 0) return [whole];
  return [format, whole];
}
