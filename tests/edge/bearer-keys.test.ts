import fc from "fast-check";
import { expect, test } from "vitest";
import { google } from "../../edge/dialects/google.ts";
import { apiKeyMark, newSecret } from "../../services/identity/credentials/opaque-secret.ts";

const credentialOf = (headers: Readonly<Record<string, string>>) =>
  google.credentialOf((name) => headers[name]);

test("OK: an API key is one in either header, and a token is a token", () => {
  const key = newSecret(apiKeyMark);
  expect(credentialOf({ authorization: `Bearer ${key}` })).toEqual({ case: "apiKey", value: key });
  expect(credentialOf({ authorization: `bearer  ${key} ` })).toEqual({ case: "apiKey", value: key });
  expect(credentialOf({ "x-api-key": key })).toEqual({ case: "apiKey", value: key });
  expect(credentialOf({ authorization: "Bearer ey.a.b" })).toEqual({ case: "accessToken", value: "ey.a.b" });
});

test.each([
  ["another scheme", "Basic sk_abc"],
  ["no scheme", "sk_abc"],
  ["two values", "Bearer sk_a sk_b"],
  ["two lines, which are joined by a comma", "Bearer sk_a, Bearer sk_b"],
  ["an empty value", "Bearer "],
  ["a line break", "Bearer sk_a\r\nx-org-id: 1"],
  ["a look-alike scheme", "Be\u0430rer sk_a"],
])("Unauthenticated: %s", (_title, authorization) => {
  expect(credentialOf({ authorization })).toMatchObject({ code: 16 });
});

test("OK: whatever the headers are, the answer is one credential without spaces, or Unauthenticated", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string().map((value) => `Bearer ${value}`),
    fc.string().map((value) => `Bearer sk_${value}`),
  );
  fc.assert(
    fc.property(fc.option(text), fc.option(text), (authorization, apiKey) => {
      const answer = credentialOf({
        ...(authorization !== null && { authorization }),
        ...(apiKey !== null && { "x-api-key": apiKey }),
      });
      if (answer instanceof Error) {
        expect(answer).toMatchObject({ code: 16 });
      } else if (authorization === null) {
        expect(answer).toEqual({ case: "apiKey", value: apiKey });
      } else {
        expect(apiKey).toBeNull();
        expect(answer.value).toMatch(/^\S+$/);
        expect(authorization).toContain(answer.value);
        expect(answer.case).toBe(answer.value.startsWith("sk_") ? "apiKey" : "accessToken");
      }
    }),
  );
});
