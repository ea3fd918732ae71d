import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { CommentOf } from "../../edge/method/comments.ts";
import { isRequired, requiredFields } from "./required.ts";
import { constraintsOf, wordsOfMessage } from "./rules.ts";
import { scalarSchema, wellKnownSchema } from "./scalars.ts";
import { type Direction, describe, type Schema } from "./schema.ts";
import type { Style } from "./style.ts";

/** The schemas of a document, collected as they are referred to. */
export type Schemas = {
  /** The schema of a message, by reference unless its JSON has a form of its own. */
  ofMessage(desc: DescMessage, direction: Direction): Schema;
  /** The schema of a field with its constraints and its comment. */
  ofField(field: DescField, direction: Direction): Schema;
  /** An inline schema of a message without some fields. */
  ofRest(desc: DescMessage, without: ReadonlySet<DescField>): Schema;
  /** The schemas that were referred to, by name. */
  components(): Record<string, Schema>;
};

/** Collects schemas. A message in `responseTypes` has a second one for requests, where fields can be absent. */
export function createSchemas(
  commentOf: CommentOf,
  responseTypes: ReadonlySet<string>,
  { isNullable, dialect }: Pick<Style, "isNullable" | "dialect">,
): Schemas {
  const refusesUnknown = !dialect.ignoresUnknown;
  const found = new Map<string, Schema>();
  const refer = (name: string, build: () => Schema): Schema => {
    if (!found.has(name)) {
      // Registered before it is built, since it can refer to itself.
      found.set(name, {});
      found.set(name, build());
    }
    return { $ref: `#/components/schemas/${name}` };
  };
  const ofMessage: Schemas["ofMessage"] = (desc, direction) => {
    const own = wellKnownSchema(desc);
    if (own) return own;
    const isSecond = direction === "request" && responseTypes.has(desc.typeName);
    const name = `${desc.typeName}${isSecond ? "-Input" : ""}`;
    return refer(name, () => objectOf(desc.fields, desc, direction, commentOf(desc)));
  };
  const ofEnum = (desc: DescEnum): Schema => {
    if (desc.typeName === "google.protobuf.NullValue") return { type: "null" };
    return refer(desc.typeName, () => enumSchema(desc, commentOf));
  };
  const single = (field: DescField, direction: Direction): Schema => {
    if (field.message) return ofMessage(field.message, direction);
    return field.enum ? ofEnum(field.enum) : scalarSchema(field.scalar ?? ScalarType.STRING);
  };
  const ofField: Schemas["ofField"] = (field, direction) => {
    const comment = commentOf(field);
    const { description, ...value } = withConstraints(field, single(field, direction), direction);
    return {
      ...value,
      ...describe(comment, description as string | undefined),
      ...(direction === "request" && isSetByServer(comment) && { readOnly: true }),
    };
  };
  const objectOf = (
    fields: readonly DescField[],
    desc: DescMessage,
    direction: Direction,
    comment?: string,
  ): Schema => {
    const isNull = (field: DescField) => direction === "response" && isNullable(field);
    const properties = fields.map((field) => {
      const schema = ofField(field, direction);
      return [field.jsonName, isNull(field) ? { anyOf: [schema, { type: "null" }] } : schema] as const;
    });
    const required = fields
      .filter((field) => isAlways(field, direction) || isNull(field))
      .map(({ jsonName }) => jsonName);
    const choices = direction === "request" ? choicesIn(desc, fields) : [];
    return {
      ...describe(comment, direction === "request" ? wordsOfMessage(desc) : undefined),
      type: "object",
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      // Responses can get more fields; unknown fields of requests are rejected.
      ...(direction === "request" && refusesUnknown && { additionalProperties: false }),
      ...(choices.length > 0 && { allOf: choices }),
    };
  };
  return {
    ofMessage,
    ofField,
    ofRest: (desc, without) =>
      objectOf(
        desc.fields.filter((field) => !without.has(field)),
        desc,
        "request",
      ),
    components: () => Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

/** The convention of the contracts for fields that callers can't set. */
export const isSetByServer = (comment: string): boolean => comment.includes("Set by the server.");

function withConstraints(field: DescField, single: Schema, direction: Direction): Schema {
  const asked = direction === "request" ? constraintsOf(field) : undefined;
  const item = { ...single, ...asked?.itemKeywords };
  const words = asked?.words.join(" ");
  const { description } = describe(single.description as string | undefined, words);
  const described = description === undefined ? {} : { description };
  if (field.fieldKind === "list")
    return { type: "array", items: item, ...asked?.keywords, ...describe(words) };
  if (field.fieldKind === "map")
    return { type: "object", additionalProperties: item, ...asked?.keywords, ...describe(words) };
  return { ...single, ...asked?.keywords, ...described };
}

/** Responses have every implicit field; requests need those that the rules require. */
function isAlways(field: DescField, direction: Direction): boolean {
  if (direction === "request") return requiredFields(field.parent).has(field);
  if (direction === "detail" || field.oneof) return false;
  return field.fieldKind !== "message" && field.presence === FeatureSet_FieldPresence.IMPLICIT;
}

/** At most one field of a oneof; exactly one where the contract requires it. */
function choicesIn({ oneofs }: DescMessage, fields: readonly DescField[]): Schema[] {
  return oneofs.flatMap((oneof) => {
    const members = oneof.fields.filter((field) => fields.includes(field));
    if (members.length < oneof.fields.length || members.length < 2) return [];
    const set = members.map(({ jsonName }) => ({ required: [jsonName] }));
    const none = { properties: Object.fromEntries(members.map(({ jsonName }) => [jsonName, false])) };
    return [{ oneOf: isRequired(oneof) ? set : [...set, none] }];
  });
}

function enumSchema(desc: DescEnum, commentOf: CommentOf): Schema {
  const values = desc.values.map((value) => {
    const comment = commentOf(value);
    return `- \`${value.name}\`${comment && `: ${comment}`}`;
  });
  return {
    ...describe(commentOf(desc), values.join("\n")),
    type: "string",
    enum: desc.values.map(({ name }) => name),
  };
}
