import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Schema } from "./schema.ts";

const integer = (bits: 32, extra: Schema = {}): Schema => ({
  type: "integer",
  format: `int${bits}`,
  ...extra,
});

// Proto3 JSON writes 64-bit integers as strings: a JSON number would lose digits.
const int64: Schema = { type: "string", format: "int64", pattern: "^-?[0-9]{1,19}$" };
const uint64: Schema = { type: "string", format: "uint64", pattern: "^[0-9]{1,20}$" };
const uint32: Schema = { type: "integer", format: "uint32", minimum: 0, maximum: 4_294_967_295 };

const floating = (format: "float" | "double"): Schema => ({
  anyOf: [
    { type: "number", format },
    { type: "string", enum: ["NaN", "Infinity", "-Infinity"] },
  ],
});

const scalars: Readonly<Record<ScalarType, Schema>> = {
  [ScalarType.DOUBLE]: floating("double"),
  [ScalarType.FLOAT]: floating("float"),
  [ScalarType.INT32]: integer(32),
  [ScalarType.SINT32]: integer(32),
  [ScalarType.SFIXED32]: integer(32),
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
};

/** The schema of a scalar in proto3 JSON. */
export const scalarSchema = (type: ScalarType): Schema => scalars[type];

/** Messages with a JSON form of their own. */
const wellKnown: Readonly<Record<string, Schema>> = {
  Timestamp: { type: "string", format: "date-time" },
  Duration: {
    type: "string",
    pattern: "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$",
    description: 'Seconds and the letter s, as "1.5s".',
  },
  FieldMask: {
    type: "string",
    description: "Names of fields with commas between, as `displayName,settings`.",
  },
  Struct: { type: "object", additionalProperties: true },
  Value: { description: "Any JSON value." },
  ListValue: { type: "array", items: {} },
  Empty: { type: "object", additionalProperties: false },
  Any: {
    type: "object",
    properties: { "@type": { type: "string", description: "The message's type, as a URL." } },
    required: ["@type"],
    additionalProperties: true,
  },
  DoubleValue: floating("double"),
  FloatValue: floating("float"),
  Int64Value: int64,
  UInt64Value: uint64,
  Int32Value: integer(32),
  UInt32Value: uint32,
  BoolValue: { type: "boolean" },
  StringValue: { type: "string" },
  BytesValue: scalars[ScalarType.BYTES],
};

/** The schema of a well-known type in proto3 JSON; undefined for other messages. */
export function wellKnownSchema({ typeName }: DescMessage): Schema | undefined {
  const [, name = ""] = /^google\.protobuf\.(\w+)$/.exec(typeName) ?? [];
  return wellKnown[name];
}
