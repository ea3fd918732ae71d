import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

const byMessage = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** A field by its proto name or its JSON name. */
export function fieldOf(desc: DescMessage, name: string): DescField | undefined {
  let fields = byMessage.get(desc);
  if (!fields) {
    fields = new Map([
      ...desc.fields.map((field) => [field.jsonName, field] as const),
      ...desc.fields.map((field) => [field.name, field] as const),
    ]);
    byMessage.set(desc, fields);
  }
  return fields.get(name);
}

const scalarLike = ["google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"];

/** Whether the JSON of a message is a string, number or boolean, which can be a parameter. */
export function isScalarInJson(desc: DescMessage): boolean {
  return scalarLike.includes(desc.typeName) || isWrapperDesc(desc);
}
