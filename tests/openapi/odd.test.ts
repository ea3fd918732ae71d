import { expect, test } from "vitest";
import { readContract } from "../../edge/method/description.ts";
import { OddService } from "../../gen/sluice/test/odd/v1/odd_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { buildDescriptors } from "../../tools/openapi/build-descriptors.ts";
import { createDocument } from "../../tools/openapi/document.ts";
import type { Operation } from "../../tools/openapi/operation.ts";
import { httpMethodOf, operationsIn } from "./call.ts";
import { problemsOf } from "./lint.ts";

const document = createDocument(readContract(buildDescriptors([OddService, EchoService])), "1.2.3");
const operations = operationsIn(document);
const schema = (name: string) => document.components.schemas[`sluice.test.odd.v1.${name}`];

function operation(name: string): Operation {
  const found = operations.find(({ operation: { operationId } }) => operationId.endsWith(`Service.${name}`));
  if (!found) throw new Error(`${name} is not described`);
  return found.operation;
}

const parameter = (of: string, name: string) => operation(of).parameters?.find((one) => one.name === name);

test("OK: a public validator finds nothing wrong with the document", async () => {
  expect(await problemsOf(document)).toEqual([]);
});

test("paths are spelled as OpenAPI spells them, whatever the templates are", () => {
  const paths = operations
    .filter(({ path }) => path.startsWith("/odd/"))
    .map(
      (one) => `${httpMethodOf(one)} ${one.path} ${one.operation.operationId.replace(/^.*Service\./, "")}`,
    );
  expect(paths).toEqual([
    "GET /odd/v1/any/{segment_4}/{name}:find Find.3",
    "POST /odd/v1/everything Everything",
    "GET /odd/v1/files/{name} Find.2",
    "SEARCH /odd/v1/found Find.4",
    "POST /odd/v1/lines Collect",
    "DELETE /odd/v1/nothing Nothing",
    "PATCH /odd/v1/pairs/{thing_id}/{other.thing_id} UpdateThing.2",
    "PUT /odd/v1/pictures/{picture_id} PutPicture",
    "GET /odd/v1/shelves/{name_1}/books/{name_2} Find",
    "GET /odd/v1/things/{id} GetThing",
    "PATCH /odd/v1/things/{id} UpdateThing",
  ]);
});

test("query parameters have nested fields, lists, maps and what protobuf's JSON spells as one text", () => {
  const query = operation("Find.2").parameters?.filter((one) => one.in === "query");
  const text = { type: "string" };
  expect(query).toEqual([
    {
      name: "knot.length",
      in: "query",
      description: "How long it is.",
      schema: {
        anyOf: [
          { type: "number", format: "double" },
          { type: "string", enum: ["NaN", "Infinity", "-Infinity"] },
        ],
      },
    },
    {
      name: "labels",
      in: "query",
      style: "deepObject",
      explode: true,
      schema: { type: "object", additionalProperties: text },
    },
    {
      name: "marks",
      in: "query",
      schema: { type: "array", items: { $ref: "#/components/schemas/sluice.test.odd.v1.Mark" } },
    },
    { name: "sinceTime", in: "query", schema: { ...text, format: "date-time" } },
    {
      name: "readMask",
      in: "query",
      description: "Names of fields with commas between, as `displayName,settings`.",
      schema: text,
    },
    { name: "maybe", in: "query", schema: { type: "boolean" } },
    { name: "token", in: "query", schema: { ...text, contentEncoding: "base64" } },
    {
      name: "atLeast",
      in: "query",
      required: true,
      description: "At least 1.",
      schema: { ...text, format: "int64", pattern: "^-?[0-9]{1,19}$" },
      example: "1",
    },
    { name: "nickName", in: "query", schema: text },
  ]);
});

test("rules are keywords where JSON Schema has them, and words where it has not", () => {
  const input = schema("EverythingRequest-Input") as unknown as {
    properties: Record<string, unknown>;
    [more: string]: unknown;
  };
  const { properties, ...object } = input;
  expect(object).toEqual({
    description: "Text and code differ.",
    type: "object",
    required: ["text", "code", "email", "choiceText", "count", "big", "mark", "tags", "knot"],
    additionalProperties: false,
    allOf: [
      {
        oneOf: [
          { required: ["left"] },
          { required: ["right"] },
          { properties: { left: false, right: false } },
        ],
      },
      { oneOf: [{ required: ["thisOne"] }, { required: ["thatOne"] }] },
    ],
  });
  const mark = { $ref: "#/components/schemas/sluice.test.odd.v1.Mark" };
  expect(properties).toMatchObject({
    text: { type: "string", minLength: 2, maxLength: 30, description: "A text with bounds." },
    code: { type: "string", pattern: "^[a-f0-9]{64}$" },
    word: { description: "Whatever its case.\n\nHas to match the regular expression (RE2) `(?i)^abc$`." },
    email: { type: "string", format: "email" },
    choiceText: { type: "string", enum: ["one", "two"] },
    count: { type: "integer", format: "int32", exclusiveMinimum: 1, exclusiveMaximum: 10 },
    big: { type: "string", format: "int64", description: "At least 1000. At most 9007199254740993." },
    blob: { type: "string", contentEncoding: "base64", maxLength: 16 },
    mark: { ...mark, not: { enum: ["MARK_UNSPECIFIED", "MARK_CROSS"] } },
    tags: { type: "array", items: { maxLength: 8 }, minItems: 1, maxItems: 3, uniqueItems: true },
    counts: { propertyNames: { maxLength: 8 }, maxProperties: 4, additionalProperties: { maximum: 9 } },
    wait: { description: 'Seconds and the letter s, as "1.5s".\n\nAt least 1s. At most 20s.' },
    null: { type: "null" },
    maybeBig: { type: "string", format: "int64" },
    creator: { type: "string", description: "Who made it. Set by the server.", readOnly: true },
    aliased: { type: "string" },
  });
  expect(properties.word).not.toHaveProperty("pattern");
});

test("an answer has no rules, and every field that can't be absent", () => {
  const answer = schema("EverythingRequest");
  expect(answer).not.toHaveProperty("additionalProperties");
  expect(answer).toMatchObject({ properties: { text: { type: "string" } } });
  const { required = [] } = answer as { required?: string[] };
  expect(required).toEqual(
    expect.arrayContaining(["text", "flag", "mark", "tags", "counts", "creator", "aliased"]),
  );
  for (const absent of ["left", "thisOne", "maybeCount", "maybeText", "knot", "atTime"])
    expect(required).not.toContain(absent);
});

test("a message that holds itself is described once", () => {
  expect(schema("Knot-Input")).toMatchObject({
    description: "Holds itself.",
    properties: {
      inner: { $ref: "#/components/schemas/sluice.test.odd.v1.Knot-Input" },
      others: { type: "array", items: { $ref: "#/components/schemas/sluice.test.odd.v1.Knot-Input" } },
    },
  });
});

test("comments are summaries and descriptions, without what is written for tools", () => {
  expect(operation("Everything")).toMatchObject({
    summary: "Has every kind of field",
    description:
      "Has every kind of field. NotFound; FailedPrecondition (STATE_CONFLICT) now, or (LAST_ADMIN) then; " +
      "ResourceExhausted (DISK_FULL).\n\nA second paragraph.\n\nNeeds the permission `storage.files.write`.",
    tags: ["sluice.test.odd.v1.OddService"],
  });
  expect(operation("Nothing").description).toBe("Says nothing and needs nothing.\n\nNeeds no credential.");
  expect(schema("Mark")).toEqual({
    type: "string",
    description:
      "What is written on a thing.\n\n- `MARK_UNSPECIFIED`: None.\n- `MARK_CROSS`: A cross.\n- `MARK_CIRCLE`",
    enum: ["MARK_UNSPECIFIED", "MARK_CROSS", "MARK_CIRCLE"],
  });
});

test("the errors that a comment names have the status and the words of their reasons", () => {
  const { responses } = operation("Everything");
  expect(Object.keys(responses)).toEqual([
    "201",
    "400",
    "401",
    "403",
    "404",
    "409",
    "413",
    "415",
    "429",
    "500",
    "503",
    "504",
    "507",
    "default",
  ]);
  expect(responses[409]).toMatchObject({
    description:
      "`FAILED_PRECONDITION` (`STATE_CONFLICT`): The resource is not in a state that allows the call.",
  });
  expect(responses[400]).toMatchObject({
    description: expect.stringMatching(
      /^`FAILED_PRECONDITION` \(`LAST_ADMIN`\): .*\n\nThe request breaks a rule/,
    ),
  });
  expect(responses[507]).toMatchObject({
    description: "`RESOURCE_EXHAUSTED` (`DISK_FULL`): No space is left on the server's disk.",
  });
});

test("credentials are asked for where the contract asks, with the permission", () => {
  expect(operation("Everything").security).toEqual([
    { accessToken: ["storage.files.write"] },
    { apiKey: ["storage.files.write"] },
  ]);
  expect(operation("Find").security).toEqual([{ accessToken: [] }, { apiKey: [] }]);
  expect(operation("Find").responses).not.toHaveProperty("403");
  expect(operation("Nothing").security).toEqual([]);
});

test("bodies are JSON, a field, bytes, forms or lines, as the contract has them", () => {
  const bytes = { type: "string", format: "binary", contentMediaType: "application/octet-stream" };
  expect(operation("PutPicture").requestBody?.content).toEqual({ "*/*": { schema: bytes } });
  expect(operation("UpdateThing").requestBody).toMatchObject({
    required: true,
    content: {
      "application/json": {
        schema: { type: "object", properties: { displayName: { type: "string", description: "Its name." } } },
        example: { displayName: "example" },
      },
    },
  });
  expect(operation("UpdateThing").deprecated).toBe(true);
  expect(operation("Collect").requestBody?.content).toEqual({
    "application/x-ndjson": {
      schema: {
        type: "string",
        contentMediaType: "application/json",
        contentSchema: { $ref: "#/components/schemas/sluice.test.odd.v1.CollectRequest" },
      },
      example: '{"line":"example"}\n',
    },
  });
  expect(operation("Upload").requestBody?.content).toMatchObject({
    "multipart/form-data": { schema: { properties: { file: bytes }, required: ["file"] } },
    "*/*": { schema: bytes },
  });
  expect(operation("Nothing").requestBody).toBeUndefined();
});

test("headers that set fields are parameters, and ranges have an answer of their own", () => {
  expect(parameter("Download", "range")).toEqual({
    name: "range",
    in: "header",
    required: false,
    schema: { type: "string" },
  });
  expect(Object.keys(operation("Download").responses)).toContain("206");
});

test("a server stream is an array, lines or events, each with its error", () => {
  const item = {
    anyOf: [
      { $ref: "#/components/schemas/sluice.test.v1.CountResponse" },
      { $ref: "#/components/schemas/Error" },
    ],
  };
  expect(operation("Count").responses[200]).toMatchObject({
    content: {
      "application/json": { schema: { type: "array", items: item } },
      "application/x-ndjson": { schema: { type: "string", contentSchema: item } },
      "text/event-stream": { schema: { type: "string", contentSchema: item } },
    },
  });
});

test("what is internal is not described", () => {
  expect(JSON.stringify(document)).not.toMatch(/Inside|Hide/);
});
