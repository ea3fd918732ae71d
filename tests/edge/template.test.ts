import { expect, test } from "vitest";
import { parseTemplate } from "../../edge/method/template.ts";

const read = (text: string) => {
  const { segments, variables, verb } = parseTemplate(text);
  const spelled = segments.map((segment) =>
    segment.kind === "literal" ? segment.text : segment.kind === "one" ? "*" : "**",
  );
  return { path: spelled.join("/"), variables, verb };
};

test.each([
  ["/", { path: "", variables: [], verb: undefined }],
  ["/v1/users", { path: "v1/users", variables: [], verb: undefined }],
  ["/.well-known/jwks.json", { path: ".well-known/jwks.json", variables: [], verb: undefined }],
  ["/v1/*/x", { path: "v1/*/x", variables: [], verb: undefined }],
  ["/v1/**", { path: "v1/**", variables: [], verb: undefined }],
  ["/v1/catalog:discover", { path: "v1/catalog", variables: [], verb: "discover" }],
  [
    "/v1/{file.file_id}/content",
    {
      path: "v1/*/content",
      variables: [{ path: "file.file_id", start: 1, end: 2, multi: false }],
      verb: undefined,
    },
  ],
  [
    "/v1/{name=shelves/*/books/*}:move",
    {
      path: "v1/shelves/*/books/*",
      variables: [{ path: "name", start: 1, end: 5, multi: true }],
      verb: "move",
    },
  ],
  [
    "/v1/{a}/{rest=x/**}",
    {
      path: "v1/*/x/**",
      variables: [
        { path: "a", start: 1, end: 2, multi: false },
        { path: "rest", start: 2, end: undefined, multi: true },
      ],
      verb: undefined,
    },
  ],
])("OK: reads %s", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each([
  ["", 1, "/ is expected here"],
  ["v1", 1, "/ is expected here"],
  ["/v1/", 5, "a segment is expected here"],
  ["/v1//x", 5, "a segment is expected here"],
  ["/v1/{", 6, "a field path is expected here"],
  ["/v1/{a", 7, "} is expected here"],
  ["/v1/{a.}", 7, "} is expected here"],
  ["/v1/{a=}", 8, "a segment is expected here"],
  ["/v1/{a={b}}", 8, "a variable holds no variable"],
  ["/v1/{a}/{a}", 10, "the variable a is there already"],
  ["/v1/**/x", 8, "nothing but a verb may follow **"],
  ["/v1/{a=**}/x", 12, "nothing but a verb may follow **"],
  ["/v1/{a=**/x}", 11, "nothing but a verb may follow **"],
  ["/v1/x:", 7, "a verb is expected here"],
  ["/v1/x:y:z", 8, "a segment, a verb or the end is expected here"],
  ["/v1/{a}b", 8, "a segment, a verb or the end is expected here"],
  ["/v1/x?y", 6, "a segment, a verb or the end is expected here"],
  ["/v1/%zz", 5, "a segment is expected here"],
  ["/v1/***", 7, "a segment, a verb or the end is expected here"],
])("TemplateError: refuses %j at column %i", (text, column, problem) => {
  const refused = (() => {
    try {
      return parseTemplate(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(Error);
  expect(refused).toMatchObject({
    name: "TemplateError",
    column,
    message: `${text}: column ${column}: ${problem}`,
  });
});
