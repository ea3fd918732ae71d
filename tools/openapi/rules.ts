import { type DescEnum, type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type BytesRules,
  type EnumRules,
  type FieldRules,
  field as fieldRules,
  type MapRules,
  message as messageRules,
  type RepeatedRules,
  type StringRules,
} from "../../gen/buf/validate/validate_pb.ts";
import type { Schema } from "./schema.ts";

/** Rules as keywords of JSON Schema, or as sentences where it has none. */
export type Constraints = {
  readonly keywords: Schema;
  /** Keywords of the items of a list, or of the values of a map. */
  readonly itemKeywords: Schema;
  readonly words: readonly string[];
};

const nothing: Constraints = { keywords: {}, itemKeywords: {}, words: [] };

/** The buf.validate rules of a field. */
export function constraintsOf(field: DescField): Constraints {
  if (!hasOption(field, fieldRules)) return nothing;
  const rules = getOption(field, fieldRules);
  const own = typeConstraints(rules, field.enum);
  const written = rules.cel.map(({ message }) => message).filter((message) => message !== "");
  return { ...own, words: [...own.words, ...written.map(toSentence)] };
}

/** The buf.validate rules of a message as a whole, as sentences. */
export function wordsOfMessage(desc: DescMessage): string {
  if (!hasOption(desc, messageRules)) return "";
  return getOption(desc, messageRules)
    .cel.map(({ message }) => toSentence(message))
    .join(" ");
}

const toSentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

function typeConstraints({ type }: FieldRules, desc: DescEnum | undefined): Constraints {
  switch (type.case) {
    case "string":
      return stringConstraints(type.value);
    case "int32":
      return { ...nothing, keywords: boundsOf(type.value) };
    // These are strings in JSON, for which there are no bounds.
    case "int64":
      return { ...nothing, words: wordsOf(boundsOf(type.value)) };
    case "duration":
      return { ...nothing, words: wordsOf(boundsOf(type.value, inSeconds)) };
    case "bytes":
      return { ...nothing, keywords: bytesKeywords(type.value) };
    case "enum":
      return { ...nothing, keywords: enumKeywords(type.value, desc) };
    case "repeated":
      return listConstraints(type.value, desc);
    case "map":
      return mapConstraints(type.value, desc);
    default:
      return nothing;
  }
}

function stringConstraints(rules: StringRules): Constraints {
  const { minLen, maxLen, maxBytes, pattern, wellKnown } = rules;
  const isSpoken = toRegExp(pattern) !== undefined;
  return {
    ...nothing,
    keywords: {
      ...(minLen > 0n && { minLength: Number(minLen) }),
      ...(maxLen > 0n && { maxLength: Number(maxLen) }),
      ...(pattern !== "" && isSpoken && { pattern }),
      ...(rules.in.length > 0 && { enum: rules.in }),
      ...(wellKnown.case && wellKnown.value && { format: wellKnown.case }),
    },
    words: [
      ...(maxBytes > 0n ? [`At most ${maxBytes} bytes of UTF-8.`] : []),
      ...(isSpoken ? [] : [`Has to match the regular expression (RE2) \`${pattern}\`.`]),
    ],
  };
}

/** The pattern of a rule, unless it uses syntax of RE2 that JSON Schema lacks, as `(?i)…`. */
export function toRegExp(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}

type Bound<T> = { readonly case: string | undefined; readonly value?: T | undefined };

/** Keywords for bounds, by the names of the rules. */
const boundKeywords: Readonly<Record<string, string>> = {
  lt: "exclusiveMaximum",
  lte: "maximum",
  gt: "exclusiveMinimum",
  gte: "minimum",
};

function boundsOf<T>(
  { lessThan, greaterThan }: { lessThan: Bound<T>; greaterThan: Bound<T> },
  encode: (value: T) => unknown = (value) => value,
): Schema {
  const keywords: Record<string, unknown> = {};
  for (const { case: kind = "", value } of [greaterThan, lessThan]) {
    const keyword = boundKeywords[kind];
    if (keyword && value !== undefined) keywords[keyword] = encode(value);
  }
  return keywords;
}

const boundWords: Readonly<Record<string, string>> = {
  minimum: "At least",
  exclusiveMinimum: "More than",
  maximum: "At most",
  exclusiveMaximum: "Less than",
};

const wordsOf = (bounds: Schema): string[] =>
  Object.entries(bounds).map(([keyword, value]) => `${boundWords[keyword]} ${value}.`);

const inSeconds = (duration: Duration): string => `${durationMs(duration) / 1000}s`;

/** Base64 encodes three bytes in four characters. */
function bytesKeywords({ minLen, maxLen }: BytesRules): Schema {
  return {
    ...(minLen > 0n && { minLength: Math.ceil((Number(minLen) * 4) / 3) }),
    ...(maxLen > 0n && { maxLength: Math.ceil(Number(maxLen) / 3) * 4 }),
  };
}

function enumKeywords({ notIn }: EnumRules, desc: DescEnum | undefined): Schema {
  const names = notIn.map((number) => desc?.value[number]?.name).filter((name) => name !== undefined);
  return names.length > 0 ? { not: { enum: names } } : {};
}

function listConstraints(rules: RepeatedRules, desc: DescEnum | undefined): Constraints {
  const { minItems, maxItems, unique, items } = rules;
  const ofItems = items ? typeConstraints(items, desc) : nothing;
  return {
    keywords: {
      ...(minItems > 0n && { minItems: Number(minItems) }),
      ...(maxItems > 0n && { maxItems: Number(maxItems) }),
      ...(unique && { uniqueItems: true }),
    },
    itemKeywords: ofItems.keywords,
    words: ofItems.words.map((text) => `Each: ${text}`),
  };
}

function mapConstraints(
  { minPairs, maxPairs, keys, values }: MapRules,
  desc: DescEnum | undefined,
): Constraints {
  const ofKeys = keys ? typeConstraints(keys, undefined) : nothing;
  const ofValues = values ? typeConstraints(values, desc) : nothing;
  return {
    keywords: {
      ...(minPairs > 0n && { minProperties: Number(minPairs) }),
      ...(maxPairs > 0n && { maxProperties: Number(maxPairs) }),
      ...(Object.keys(ofKeys.keywords).length > 0 && { propertyNames: ofKeys.keywords }),
    },
    itemKeywords: ofValues.keywords,
    words: [
      ...ofKeys.words.map((text) => `Each key: ${text}`),
      ...ofValues.words.map((text) => `Each value: ${text}`),
    ],
  };
}
