import { encodeJson } from "../../../results/encode-json.ts";
import { type EncodedValue, encodeDouble } from "../../../results/encoded-value.ts";
import { isoDate, isoOffset } from "../../../results/iso.ts";
import { checkReply } from "../../sql/check-reply.ts";
import type { Execute } from "../session/session.ts";
import { parseArray } from "./array-text.ts";
import { typeReply } from "./replies.ts";

/** Converts PostgreSQL's text of a value to the contract's encoding. */
export type TextDecoder = (text: string) => EncodedValue;

export type Types = {
  nameOf(oid: number): string;
  /** Whether it is an array in the format `{1,2}`. */
  isArray(oid: number): boolean;
  decoderOf(oid: number): TextDecoder;
};

/** Decoders of the types whose value is not just its text, by their fixed OIDs. */
const decoders: Readonly<Record<number, TextDecoder>> = {
  16: (text) => text === "t",
  17: (text) => Buffer.from(text.slice(2), "hex").toString("base64"),
  21: Number,
  23: Number,
  26: Number,
  114: encodeJson,
  700: (text) => encodeDouble(Number(text)),
  701: (text) => encodeDouble(Number(text)),
  1082: isoOf,
  1114: isoOf,
  1184: isoOf,
  1266: (text) => text.replace(/[+-][\d:]+$/, offsetOf),
  3802: encodeJson,
};

const asText: TextDecoder = (text) => text;

/** Reads names and array elements of the types with these OIDs. */
export async function readTypes(execute: Execute, oids: readonly number[]): Promise<Types> {
  const rows = await execute(
    `select type.oid::int8::text as oid, format_type(type.oid, null) as name, type.typelem::int8::text as element
     , type.typdelim = ',' and exists (select from pg_type as element where element.typarray = type.oid) as "isArray"
     from pg_type as type
     where type.oid in (select value::oid from json_array_elements_text($1::text::json) as value)`,
    [JSON.stringify([...new Set(oids)])],
  );
  const types = new Map(
    rows.map((row) => checkReply(typeReply, row, "type")).map((type) => [type.oid, type]),
  );
  return {
    nameOf: (oid) => types.get(oid)?.name ?? "unknown",
    isArray: (oid) => types.get(oid)?.isArray ?? false,
    decoderOf(oid) {
      const type = types.get(oid);
      if (!type?.isArray) return decoders[oid] ?? asText;
      const decodeElement = decoders[type.element] ?? asText;
      // A list has no bounds, so an array that does not start at 1 stays text.
      return (text) => (text.startsWith("[") ? text : parseArray(text, decodeElement));
    },
  };
}

/** Input: a date or timestamp in style ISO and zone UTC, as `2020-01-31 10:00:00.5+00`, `0044-03-15 BC`, `infinity`. */
function isoOf(text: string): string {
  const [, year, month, day, time = "", zone, era] =
    /^(\d+)-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d(?:\.\d+)?))?(\+00)?( BC)?$/.exec(text) ?? [];
  if (year === undefined) return text;
  const date = isoDate(era ? 1 - Number(year) : Number(year), Number(month), Number(day));
  return `${date}${time && `T${time}`}${zone ? "Z" : ""}`;
}

/** Converts `+02`, `-03:30` or `+01:02:03` to ISO 8601. */
function offsetOf(text: string): string {
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(":").map(Number);
  return isoOffset((text[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds));
}
