import { type DescMessage, type JsonObject, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { typesOf } from "../errors/common-types.ts";

/** A message as JSON in which a field that is not set is null. */
export const encodeWithNulls = (desc: DescMessage, message: Message): JsonValue =>
  withNulls(desc, toJson(desc, message, { alwaysEmitImplicit: true, registry: typesOf(desc.file) }));

function withNulls(desc: DescMessage, json: JsonValue): JsonValue {
  // Well-known types are text, such as Timestamp, or any JSON, such as Struct.
  if (!isObject(json) || desc.typeName.startsWith("google.protobuf.")) return json;
  return Object.fromEntries(
    desc.fields.map(({ jsonName, fieldKind, message }) => {
      const value = json[jsonName] ?? null;
      if (!message || fieldKind === "map") return [jsonName, value];
      return [
        jsonName,
        Array.isArray(value) ? value.map((item) => withNulls(message, item)) : withNulls(message, value),
      ];
    }),
  );
}

const isObject = (json: JsonValue): json is JsonObject =>
  json !== null && typeof json === "object" && !Array.isArray(json);
