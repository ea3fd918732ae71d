import { describe, expect, test } from "vitest";
import { decodePercent, decodeQueryPart, decodeSegments } from "../../edge/codec/percent.ts";
import { parseTemplate } from "../../edge/method/template.ts";
import { createRouter } from "../../edge/rest/router.ts";

const route = (spelled: string) => {
  const [httpMethod = "", text = ""] = spelled.split(" ");
  return { httpMethod, template: parseTemplate(text), name: spelled };
};

const routes = [
  "GET /v1/users",
  "POST /v1/users",
  "GET /v1/users/me",
  "GET /v1/users/{id}",
  "DELETE /v1/users/{id}",
  "POST /v1/users/{id}:disable",
  "GET /v1/users/{id}/keys/{key}",
  "GET /v1/users/me/keys",
  "POST /v1/catalog:discover",
  "GET /v1/files/{path=**}",
  "POST /v1/files/{path=**}:copy",
  "GET /v1/files/a/b",
  "PUT /v1/files/a/{x}",
  "GET /.well-known/jwks.json",
];

const find = (method: string, path: string, from = routes) => {
  const found = createRouter(from.map(route)).find(method, path);
  if (found.kind === "found") return `${found.route.name} ${found.segments.join("/")}`;
  return found.kind === "otherMethods" ? found.allowed : undefined;
};

test.each([
  ["GET", "/v1/users", "GET /v1/users v1/users"],
  ["POST", "/v1/users", "POST /v1/users v1/users"],
  ["GET", "/v1/users/me", "GET /v1/users/me v1/users/me"],
  ["GET", "/v1/users/you", "GET /v1/users/{id} v1/users/you"],
  // The literal has another method; the wildcard matches.
  ["DELETE", "/v1/users/me", "DELETE /v1/users/{id} v1/users/me"],
  // The literal has no such continuation.
  ["GET", "/v1/users/me/keys/k", "GET /v1/users/{id}/keys/{key} v1/users/me/keys/k"],
  ["POST", "/v1/users/7:disable", "POST /v1/users/{id}:disable v1/users/7"],
  // A verb is recognised only if the route has it.
  ["GET", "/v1/users/urn:isbn:1", "GET /v1/users/{id} v1/users/urn:isbn:1"],
  ["POST", "/v1/users/urn:isbn:1:disable", "POST /v1/users/{id}:disable v1/users/urn:isbn:1"],
  ["GET", "/v1/users/7:disable", "GET /v1/users/{id} v1/users/7:disable"],
  ["POST", "/v1/catalog:discover", "POST /v1/catalog:discover v1/catalog"],
  // Routing is on the raw path.
  ["GET", "/v1/users/a%2Fb", "GET /v1/users/{id} v1/users/a%2Fb"],
  ["GET", "/v1/users/%3Adisable", "GET /v1/users/{id} v1/users/%3Adisable"],
  ["GET", "/v1/files", "GET /v1/files/{path=**} v1/files"],
  ["GET", "/v1/files/x/y/z", "GET /v1/files/{path=**} v1/files/x/y/z"],
  ["GET", "/v1/files/a/b", "GET /v1/files/a/b v1/files/a/b"],
  ["GET", "/v1/files/a/c", "GET /v1/files/{path=**} v1/files/a/c"],
  ["PUT", "/v1/files/a/b", "PUT /v1/files/a/{x} v1/files/a/b"],
  ["POST", "/v1/files/x/y:copy", "POST /v1/files/{path=**}:copy v1/files/x/y"],
  ["GET", "/.well-known/jwks.json", "GET /.well-known/jwks.json .well-known/jwks.json"],
])("found: %s %s", (method, path, expected) => {
  expect(find(method, path)).toBe(expected);
});

test.each([
  ["PUT", "/v1/users", ["GET", "POST"]],
  ["PUT", "/v1/users/me", ["DELETE", "GET"]],
  ["GET", "/v1/catalog:discover", ["POST"]],
  ["DELETE", "/v1/files/a/b", ["GET", "PUT"]],
])("otherMethods: %s %s", (method, path, allowed) => {
  expect(find(method, path)).toEqual(allowed);
});

test.each([
  "/",
  "/v1",
  "/v1/",
  "/v1/users/",
  "/v1//users",
  "/v1/users//keys/k",
  "/v1/catalog",
  "/v1/catalog:other",
  "/V1/users",
])("nothing: %s", (path) => {
  expect(find("GET", path)).toBeUndefined();
});

test("found: the same whatever the order of the routes", () => {
  const reversed = [...routes].reverse();
  expect(find("GET", "/v1/users/me", reversed)).toBe("GET /v1/users/me v1/users/me");
  expect(find("GET", "/v1/files/a/b", reversed)).toBe("GET /v1/files/a/b v1/files/a/b");
});

test.each([
  [["GET /v1/users", "GET /v1/users"]],
  [["GET /v1/{a}", "GET /v1/{b}"]],
  [["GET /v1/{a}", "GET /v1/*"]],
  [["GET /v1/{a=x/*}", "GET /v1/x/{b}"]],
  [["GET /v1/{a=**}:copy", "GET /v1/**:copy"]],
])("Error: refuses the conflicting %j when it is built", (conflicting) => {
  expect(() => createRouter(conflicting.map(route))).toThrow(/is the route .* already$/);
});

describe("percent-decoding", () => {
  test.each([
    ["abc", "abc"],
    ["a%20b", "a b"],
    ["a+b", "a+b"],
    ["a%2Fb%2fc", "a/b/c"],
    ["%252F", "%2F"],
    ["%C3%BC", "ü"],
    ["%f0%9f%98%80", "😀"],
    ["..", ".."],
    ["%2e%2e", ".."],
    ["a%5Cb", "a\\b"],
    ["%EF%BB%BFx", "\uFEFFx"],
  ])("OK: one segment %s", (raw, decoded) => {
    expect(decodePercent(raw)).toBe(decoded);
  });

  test.each([
    ["a/b", "a/b"],
    ["a%20b/c", "a b/c"],
    ["a%2Fb/c%2fd", "a%2Fb/c%2fd"],
    ["%252F", "%2F"],
    ["a/...", "a/..."],
  ])("OK: several segments %s", (raw, decoded) => {
    expect(decodeSegments(raw)).toBe(decoded);
  });

  test.each([
    ["%", "has a % that no two hexadecimal digits follow"],
    ["a%2", "has a % that no two hexadecimal digits follow"],
    ["a%zz", "has a % that no two hexadecimal digits follow"],
    ["a%00", "holds a NUL"],
    ["%ff", "is not UTF-8"],
    ["%c3", "is not UTF-8"],
    ["%ed%a0%80", "is not UTF-8"],
    ["%c0%af", "is not UTF-8"],
    ["ü", "holds a character that must be percent-encoded"],
  ])("PercentError: %s, in one segment and in several", (raw, problem) => {
    expect(() => decodePercent(raw)).toThrow(problem);
    expect(() => decodeSegments(raw)).toThrow(problem);
    expect(() => decodeQueryPart(raw)).toThrow(problem);
  });

  test.each([
    ["a/../b", "has a . or .. segment"],
    ["a/.", "has a . or .. segment"],
    ["%2e%2e/a", "has a . or .. segment"],
    ["a/.%2E", "has a . or .. segment"],
    ["a%2f..%2Fb", "has a . or .. segment"],
    ["a\\b", "has a backslash"],
    ["a%5cb", "has a backslash"],
  ])("PercentError: %s in several segments", (raw, problem) => {
    expect(() => decodeSegments(raw)).toThrow(problem);
  });

  test("OK: + is a space in a query", () => {
    expect(decodeQueryPart("a+b%2Bc")).toBe("a b+c");
  });
});
