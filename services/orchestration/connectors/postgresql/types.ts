import { isoDate, isoOffset } from "../../results/iso.ts";
import { spellJson } from "../../results/nested-json.ts";
import { type SpelledValue, spellDouble } from "../../results/spelled-value.ts";
import { checkAnswer, typeAnswer } from "./answers.ts";
import { parseArray } from "./array-text.ts";
import type { Ask } from "./session.ts";

/** Spells PostgreSQL's text of a value as the contract says. */
export type TextSpeller = (text: string) => SpelledValue;

export type Types = { nameOf(oid: number): string; spellerOf(oid: number): TextSpeller };

/** Types whose values are not simply their text, by their fixed numbers. */
const spellers: Readonly<Record<number, TextSpeller>> = {
  16: (text) => text === "t",
  17: (text) => Buffer.from(text.slice(2), "hex").toString("base64"),
  21: Number,
  23: Number,
  26: Number,
  114: spellJson,
  700: (text) => spellDouble(Number(text)),
  701: (text) => spellDouble(Number(text)),
  1082: isoOf,
  1114: isoOf,
  1184: isoOf,
  1266: (text) => text.replace(/[+-][\d:]+$/, offsetOf),
  3802: spellJson,
};

const asText: TextSpeller = (text) => text;

/** Reads what is to be known of the types with these numbers. */
export async function readTypes(ask: Ask, oids: readonly number[]): Promise<Types> {
  const rows = await ask(
    `select type.oid::int8::text as oid, format_type(type.oid, null) as name, type.typelem::int8::text as element
     , type.typdelim = ',' and exists (select from pg_type as element where element.typarray = type.oid) as "isArray"
     from pg_type as type
     where type.oid in (select value::oid from json_array_elements_text($1::text::json) as value)`,
    [JSON.stringify([...new Set(oids)])],
  );
  const types = new Map(
    rows.map((row) => checkAnswer(typeAnswer, row, "type")).map((type) => [type.oid, type]),
  );
  return {
    nameOf: (oid) => types.get(oid)?.name ?? "unknown",
    spellerOf(oid) {
      const type = types.get(oid);
      if (!type?.isArray) return spellers[oid] ?? asText;
      const spellElement = spellers[type.element] ?? asText;
      // A list has no bounds: an array that does not begin at 1 is its text.
      return (text) => (text.startsWith("[") ? text : parseArray(text, spellElement));
    },
  };
}

/** A date or timestamp in style ISO and zone UTC: `2020-01-31 10:00:00.5+00`, `0044-03-15 BC`, `infinity`. */
function isoOf(text: string): string {
  const [, year, month, day, time = "", zone, era] =
    /^(\d+)-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d(?:\.\d+)?))?(\+00)?( BC)?$/.exec(text) ?? [];
  if (year === undefined) return text;
  const date = isoDate(era ? 1 - Number(year) : Number(year), Number(month), Number(day));
  return `${date}${time && `T${time}`}${zone ? "Z" : ""}`;
}

/** `+02`, `-03:30` or `+01:02:03` in ISO 8601's form. */
function offsetOf(text: string): string {
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(":").map(Number);
  return isoOffset((text[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds));
}
