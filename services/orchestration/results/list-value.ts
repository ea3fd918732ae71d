import { create } from "@bufbuild/protobuf";
import {
  type ListValue,
  ListValueSchema,
  NullValue,
  StructSchema,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { type EncodedValue, isList } from "./encoded-value.ts";

/** A row as protobuf's ListValue. */
export function toListValue(row: readonly EncodedValue[]): ListValue {
  return create(ListValueSchema, { values: row.map(toValue) });
}

const toValue = (value: EncodedValue): Value => create(ValueSchema, { kind: toKind(value) });

function toKind(value: EncodedValue): NonNullable<Value["kind"]> {
  if (value === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
  if (typeof value === "boolean") return { case: "boolValue", value };
  if (typeof value === "number") return { case: "numberValue", value };
  if (typeof value === "string") return { case: "stringValue", value };
  if (isList(value)) return { case: "listValue", value: toListValue(value) };
  return { case: "structValue", value: toStruct(value) };
}

function toStruct(value: { readonly [key: string]: EncodedValue }) {
  const struct = create(StructSchema);
  // Without a prototype, `__proto__` is an ordinary key.
  struct.fields = Object.create(null);
  for (const [key, item] of Object.entries(value)) struct.fields[key] = toValue(item);
  return struct;
}
