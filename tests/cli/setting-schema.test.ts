import { expect, test } from "vitest";
import { parseSettings, settingsSchemaOf } from "../../cli/sources/setting-schema.ts";

const schema = settingsSchemaOf({
  properties: {
    name: { type: "string" },
    port: { type: "integer", minimum: 1, maximum: 65535 },
    tls: { type: "boolean" },
    mode: { type: "string", enum: ["a", "b"] },
    schemas: { type: "array", items: { type: "string" } },
    types: { type: "object" },
    header: { anyOf: [{ type: "boolean" }, { type: "integer" }] },
    quote: {
      anyOf: [
        { type: "string", pattern: "." },
        { type: "string", const: "" },
      ],
    },
  },
  required: ["name"],
});

test("OK: each setting gets the type of its schema", () => {
  const texts = [
    "name=7",
    "port=5432",
    "tls=true",
    "mode=b",
    "schemas=x,y",
    'types={"a":"BIGINT"}',
    "header=3",
    "quote=1",
  ];
  expect(parseSettings(texts, schema)).toEqual({
    name: "7",
    port: 5432,
    tls: true,
    mode: "b",
    schemas: ["x", "y"],
    types: { a: "BIGINT" },
    header: 3,
    quote: "1",
  });
  expect(parseSettings(["header=true", "quote=", 'schemas=["a,b"]', "name=a=b"], schema)).toEqual({
    header: true,
    quote: "",
    schemas: ["a,b"],
    name: "a=b",
  });
});

test.each([
  ["port=70000", "the setting port is at most 65535"],
  ["port=1.5", "the setting port is a whole number"],
  ["tls=yes", "the setting tls is true or false"],
  ["mode=c", "the setting mode is one of a, b"],
  ["types=[1]", 'the setting types is a JSON object, such as {"name": "value"}'],
  ["nam=x", "there is no setting nam"],
  ["__proto__=x", "there is no setting __proto__"],
  ["name", "name is not a setting"],
])("usage: refuses %s", (text, message) => {
  expect(() => parseSettings([text], schema)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});
