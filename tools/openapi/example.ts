import {
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  hasOption,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { type FieldRules, field as fieldRules } from "../../gen/buf/validate/validate_pb.ts";
import { requiredFields } from "./required.ts";
import { toRegExp } from "./rules.ts";

const validator = createValidator();

const uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
/** Candidates for texts, the best first; the first that the rules accept is used. */
const texts = [
  "example",
  "an example of a longer text",
  uuid,
  "ada@example.org",
  "a".repeat(64),
  "1",
  "GET",
  "/api/v1/auth/whoami",
  "a",
  "",
] as const;

/** Names of fields that examples leave out. */
const laterFields = ["body", "etag", "headers", "page_token", "request_id", "update_mask"];

export type JsonObject = { [name: string]: JsonValue };

export type Chosen = (field: DescField) => boolean;

/**
 * A request as JSON that the rules accept, with as many of the `settable` fields as possible; undefined if none is found.
 */
export function exampleRequest(desc: DescMessage, settable: Chosen): JsonObject | undefined {
  const telling: Chosen = (field) => settable(field) && !laterFields.includes(field.name);
  const needed: Chosen = (field) => requiredFields(field.parent).has(field);
  // A rule about several fields can require that some are unset.
  const butOne = desc.fields.toReversed().map(
    (left): Chosen =>
      (field) =>
        field !== left && telling(field),
  );
  return [telling, needed, ...butOne]
    .map((chosen) => messageExample(desc, chosen, []))
    .find((json) => isAccepted(desc, json));
}

function isAccepted(desc: DescMessage, json: JsonValue): boolean {
  try {
    return validator.validate(desc, fromJson(desc, json)).kind === "valid";
  } catch {
    return false;
  }
}

/** A value of a field as JSON that its rules accept; undefined if none is found. */
export function exampleOf(field: DescField): JsonValue | undefined {
  return fieldExample(field, () => true, []);
}

function messageExample(desc: DescMessage, chosen: Chosen, within: readonly DescMessage[]): JsonObject {
  const json: JsonObject = {};
  const set = new Set<unknown>();
  for (const field of desc.fields) {
    if (!chosen(field) || (field.oneof && set.has(field.oneof))) continue;
    const value = fieldExample(field, chosen, [...within, desc]);
    if (value === undefined) continue;
    if (field.oneof) set.add(field.oneof);
    json[field.jsonName] = value;
  }
  return json;
}

function fieldExample(
  field: DescField,
  chosen: Chosen,
  within: readonly DescMessage[],
): JsonValue | undefined {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  const { type } = rules ?? {};
  if (field.fieldKind === "list") {
    const item = singleExample(
      field,
      type?.case === "repeated" ? type.value.items : undefined,
      chosen,
      within,
    );
    return item === undefined ? undefined : [item];
  }
  if (field.fieldKind === "map") {
    const value = singleExample(field, type?.case === "map" ? type.value.values : undefined, chosen, within);
    return value === undefined ? undefined : { [mapKey(field.mapKey)]: value };
  }
  return singleExample(field, rules, chosen, within);
}

const mapKey = (type: ScalarType): string => {
  if (type === ScalarType.STRING) return "example";
  return type === ScalarType.BOOL ? "true" : "1";
};

function singleExample(
  field: DescField,
  rules: FieldRules | undefined,
  chosen: Chosen,
  within: readonly DescMessage[],
): JsonValue | undefined {
  if (field.enum) {
    const refused = rules?.type.case === "enum" ? rules.type.value.notIn : [];
    return field.enum.values.find(({ number }) => number !== 0 && !refused.includes(number))?.name;
  }
  if (!field.message) return scalarExample(field, field.scalar ?? ScalarType.STRING, rules);
  const [, own] = /^google\.protobuf\.(\w+)$/.exec(field.message.typeName) ?? [];
  if (isWrapperDesc(field.message))
    return scalarExample(field, field.message.fields[0]?.scalar ?? ScalarType.STRING, rules);
  if (own) return ownExample(own, rules);
  return within.includes(field.message) ? undefined : messageExample(field.message, chosen, within);
}

function ownExample(name: string, rules: FieldRules | undefined): JsonValue | undefined {
  switch (name) {
    case "Timestamp":
      return "2026-01-02T03:04:05Z";
    case "Duration":
      return `${secondsExample(rules)}s`;
    case "Struct":
      return { example: "value" };
    case "Value":
      return "example";
    case "ListValue":
      return ["example"];
    case "Empty":
      return {};
    default:
      return undefined;
  }
}

const usualSeconds = 30;

function secondsExample(rules: FieldRules | undefined): number {
  if (rules?.type.case !== "duration") return usualSeconds;
  const { greaterThan, lessThan } = rules.type.value;
  const least = Number(greaterThan.value?.seconds ?? 0);
  return Math.min(Math.max(usualSeconds, least), Number(lessThan.value?.seconds ?? usualSeconds));
}

function scalarExample(
  field: DescField,
  type: ScalarType,
  rules: FieldRules | undefined,
): JsonValue | undefined {
  switch (type) {
    case ScalarType.STRING:
      return textExample(field, rules);
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return Buffer.from("example").toString("base64");
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 1.5;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return String(numberExample(rules));
    default:
      return numberExample(rules);
  }
}

function numberExample(rules: FieldRules | undefined): number {
  const { type } = rules ?? {};
  if (type?.case !== "int32" && type?.case !== "int64") return 1;
  const { greaterThan, lessThan } = type.value;
  const least = Number(greaterThan.value ?? 0) + (greaterThan.case === "gt" ? 1 : 0);
  const most = Number(lessThan.value ?? Number.MAX_SAFE_INTEGER) - (lessThan.case === "lt" ? 1 : 0);
  return Math.min(Math.max(1, least), most);
}

function textExample(field: DescField, rules: FieldRules | undefined): string | undefined {
  if (rules?.type.case !== "string") return field.name.endsWith("_id") ? uuid : texts[0];
  const { minLen, maxLen, pattern, wellKnown, in: allowed } = rules.type.value;
  if (allowed[0] !== undefined) return allowed[0];
  if (wellKnown.case === "uuid") return uuid;
  if (wellKnown.case === "email") return "ada@example.org";
  const most = maxLen > 0n ? Number(maxLen) : Number.MAX_SAFE_INTEGER;
  const matched = toRegExp(pattern);
  return texts.find(
    (text) => text.length >= Number(minLen) && text.length <= most && matched?.test(text) === true,
  );
}
