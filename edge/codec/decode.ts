import {
  type DescField,
  type DescMessage,
  fromJson,
  type Message,
  type MessageShape,
  mergeFromJson,
} from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { invalidFields, violationsMax } from "../../services/lib/rpc/errors.ts";
import type { JsonValue } from "../../services/lib/rpc/strict-json.ts";
import { typesOf } from "../errors/common-types.ts";
import { fieldOf, isScalarInJson } from "./fields.ts";

type Violation = { field: string; description: string };

const unknown = "is not a field of the request";

/** Decodes proto3 JSON. An error names every field that is wrong. */
export function decodeJson<D extends DescMessage>(
  desc: D,
  json: JsonValue,
  ignoreUnknownFields = false,
): MessageShape<D> {
  try {
    return fromJson(desc, json, { registry: typesOf(desc.file), ignoreUnknownFields });
  } catch (error) {
    throw explain(desc, json, error, ignoreUnknownFields);
  }
}

/** Merges proto3 JSON into a message. */
export function mergeJson(desc: DescMessage, message: Message, json: JsonValue): void {
  try {
    mergeFromJson(desc, message, json, { registry: typesOf(desc.file) });
  } catch (error) {
    throw explain(desc, json, error);
  }
}

// The codec reports the innermost field of the first error only.
function explain(desc: DescMessage, json: JsonValue, error: unknown, ignoreUnknown = false) {
  const counted = violationsIn(desc, json, "").filter(
    (one) => !(ignoreUnknown && one.description === unknown),
  );
  const found = [...counted.take(violationsMax)];
  return invalidFields(
    found.length > 0 ? found : [{ field: fieldNameOf(error), description: describe(error) }],
  );
}

function* violationsIn(desc: DescMessage, json: JsonValue, path: string): Generator<Violation> {
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    yield { field: path || "body", description: "must be an object" };
    return;
  }
  for (const [key, value] of Object.entries(json)) {
    const field = fieldOf(desc, key);
    const at = path ? `${path}.${field?.name ?? key}` : (field?.name ?? key);
    if (field) yield* violationsOf(desc, field, value, at);
    else yield { field: at, description: unknown };
  }
}

function* violationsOf(desc: DescMessage, field: DescField, value: JsonValue, at: string) {
  let hasInner = false;
  for (const violation of violationsWithin(field, value, at)) {
    hasInner = true;
    yield violation;
  }
  if (hasInner) return;
  try {
    fromJson(desc, { [field.name]: value }, { registry: typesOf(desc.file) });
  } catch (error) {
    yield { field: at, description: describe(error) + choicesOf(field) };
  }
}

/** The names of an enum's values, which the codec leaves out of its error. */
function choicesOf(field: DescField): string {
  if (field.fieldKind !== "enum") return "";
  const names = field.enum.values.filter(({ number }) => number !== 0).map(({ name }) => name);
  return ` is none of ${names.join(", ")}`;
}

function* violationsWithin(field: DescField, value: JsonValue, at: string): Generator<Violation> {
  const { message } = field;
  if (!message || isScalarInJson(message) || hasFreeForm(message) || value === null) return;
  if (field.fieldKind === "message") yield* violationsIn(message, value, at);
  if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* violationsIn(message, item, `${at}[${index}]`);
  }
  if (field.fieldKind === "map" && typeof value === "object" && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield* violationsIn(message, item, `${at}[${JSON.stringify(key)}]`);
    }
  }
}

const freeForm = ["Any", "Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`);
const hasFreeForm = (desc: DescMessage): boolean => freeForm.includes(desc.typeName);

function fieldNameOf(error: unknown): string {
  const { cause } = error as Error;
  return isFieldError(cause) ? cause.field().name : "body";
}

/** The text of the codec's error without the value, which the caller knows. */
export function describe(error: unknown): string {
  return (error as Error).message.replace(/^cannot decode .* from JSON:? ?/, "") || "is not valid";
}
