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
import { typesOf } from "../errors/usual-types.ts";
import { fieldOf, isSpelledAsScalar } from "./fields.ts";
import type { JsonValue } from "./json.ts";

type Violation = { field: string; description: string };

/** Decodes proto3 JSON; what is wrong is named field by field. */
export function decodeJson<D extends DescMessage>(desc: D, json: JsonValue): MessageShape<D> {
  try {
    return fromJson(desc, json, { registry: typesOf(desc.file) });
  } catch (error) {
    throw explain(desc, json, error);
  }
}

/** Adds fields given as proto3 JSON to a message. */
export function mergeJson(desc: DescMessage, message: Message, json: JsonValue): void {
  try {
    mergeFromJson(desc, message, json, { registry: typesOf(desc.file) });
  } catch (error) {
    throw explain(desc, json, error);
  }
}

// The codec names the innermost field only, so its error is looked for again field by field.
function explain(desc: DescMessage, json: JsonValue, error: unknown) {
  const found = [...violationsIn(desc, json, "").take(violationsMax)];
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
    else yield { field: at, description: "is not a field of the request" };
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

/** What an enum's value could have been; the codec says only what it is. */
function choicesOf(field: DescField): string {
  if (field.fieldKind !== "enum") return "";
  const names = field.enum.values.filter(({ number }) => number !== 0).map(({ name }) => name);
  return ` is none of ${names.join(", ")}`;
}

function* violationsWithin(field: DescField, value: JsonValue, at: string): Generator<Violation> {
  const { message } = field;
  if (!message || isSpelledAsScalar(message) || hasFreeForm(message) || value === null) return;
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

/** What the codec says, without what the caller knows. */
export function describe(error: unknown): string {
  return (error as Error).message.replace(/^cannot decode .* from JSON:? ?/, "") || "is not valid";
}
