import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { CommentOf } from "../../edge/method/comments.ts";
import { isRequired, requiredFields } from "./required.ts";
import { constraintsOf, wordsOfMessage } from "./rules.ts";
import { scalarSchema, wellKnownSchema } from "./scalars.ts";
import { type Direction, describe, type Schema } from "./schema.ts";

/** The schemas of a document, collected while they are referred to. */
export type Schemas = {
  /** A message, by reference unless protobuf's JSON spells it in a way of its own. */
  ofMessage(desc: DescMessage, direction: Direction): Schema;
  /** A field with its constraints and what the contract says about it. */
  ofField(field: DescField, direction: Direction): Schema;
  /** A message in place, without the fields that something else than the body sets. */
  ofRest(desc: DescMessage, without: ReadonlySet<DescField>): Schema;
  /** All that was referred to, by name. */
  components(): Record<string, Schema>;
};

/** Collects schemas. Messages in `answered` have two when callers send them too, because answers are complete. */
export function createSchemas(
  commentOf: CommentOf,
  answered: ReadonlySet<string>,
  isNullable: (field: DescField) => boolean,
): Schemas {
  const found = new Map<string, Schema>();
  const refer = (name: string, build: () => Schema): Schema => {
    if (!found.has(name)) {
      // Its name stands before it is built: it may refer to itself.
      found.set(name, {});
      found.set(name, build());
    }
    return { $ref: `#/components/schemas/${name}` };
  };
  const ofMessage: Schemas["ofMessage"] = (desc, direction) => {
    const own = wellKnownSchema(desc);
    if (own) return own;
    const isSecond = direction === "request" && answered.has(desc.typeName);
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
    const said = commentOf(field);
    const { description, ...value } = withConstraints(field, single(field, direction), direction);
    return {
      ...value,
      ...describe(said, description as string | undefined),
      ...(direction === "request" && isSetByServer(said) && { readOnly: true }),
    };
  };
  const objectOf = (
    fields: readonly DescField[],
    desc: DescMessage,
    direction: Direction,
    comment?: string,
  ): Schema => {
    const isNull = (field: DescField) => direction === "answer" && isNullable(field);
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
      // Answers may grow; a field that the edge does not know it refuses.
      ...(direction === "request" && { additionalProperties: false }),
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

/** By the contract's convention, comments end like this where callers have nothing to say. */
export const isSetByServer = (comment: string): boolean => comment.includes("Set by the server.");

function withConstraints(field: DescField, single: Schema, direction: Direction): Schema {
  const asked = direction === "request" ? constraintsOf(field) : undefined;
  const item = { ...single, ...asked?.itemKeywords };
  const words = asked?.words.join(" ");
  const { description } = describe(single.description as string | undefined, words);
  const said = description === undefined ? {} : { description };
  if (field.fieldKind === "list")
    return { type: "array", items: item, ...asked?.keywords, ...describe(words) };
  if (field.fieldKind === "map")
    return { type: "object", additionalProperties: item, ...asked?.keywords, ...describe(words) };
  return { ...single, ...asked?.keywords, ...said };
}

/** Answers have every field that can't be absent; requests need those that the rules ask for. */
function isAlways(field: DescField, direction: Direction): boolean {
  if (direction === "request") return requiredFields(field.parent).has(field);
  if (direction === "detail" || field.oneof) return false;
  return field.fieldKind !== "message" && field.presence === FeatureSet_FieldPresence.IMPLICIT;
}

/** At most one field of a oneof, and exactly one where the contract says so. */
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
    const said = commentOf(value);
    return `- \`${value.name}\`${said && `: ${said}`}`;
  });
  return {
    ...describe(commentOf(desc), values.join("\n")),
    type: "string",
    enum: desc.values.map(({ name }) => name),
  };
}
