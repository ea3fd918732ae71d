import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLibrary } from "./lib/library-backend.ts";
import { pruned } from "./lib/pruned.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { bearer, type TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startLibrary();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };

/** The set fields of the request that the service received. */
const got = ({ body }: RawResponse) => pruned(JSON.parse(body).request);
const violation = ({ body }: RawResponse) => JSON.parse(body).error.details[0].fieldViolations[0];

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const call = (line: string, body?: string, headers: Record<string, string> = json) => {
    const [method = "", path = ""] = line.split(" ");
    return send(edge.port, `/library/v1${path}`, { method, headers, ...(body !== undefined && { body }) });
  };

  test.each<[string, string, object]>([
    ["a verb that the route has", "POST /isbn/urn:isbn:1:lend", { isbn: "urn:isbn:1" }],
    ["a method of its own", "LOCK /isbn/1", { isbn: "1" }],
    ["one segment with a backslash", "GET /isbn/a%5Cb", { isbn: "a\\b" }],
    ["several segments", "GET /shelves/1/books/2", { name: "shelves/1/books/2" }],
    ["several segments, %2F kept", "GET /shelves/a%2Fb/books/%252f%20", { name: "shelves/a%2Fb/books/%2f " }],
    ["the rest of the path", "GET /files/a/b%20c/d", { path: "a/b c/d" }],
    ["the rest of the path, %2f kept as written", "GET /files/a%2fb", { path: "a%2fb" }],
    ["no rest of the path", "GET /files", {}],
    ["the rest of the path with a verb", "POST /files/a/b:lend", { path: "a/b" }],
    ["no rest of the path with a verb", "POST /files:lend", {}],
    ["the rest of the path with another verb", "GET /files/a:b", { path: "a:b" }],
    ["wildcards that nothing takes", "GET /any/x/thing/y/z", {}],
    [
      "the most specific binding, and the wildcard where the literal leads nowhere",
      "GET /shelves/books/books",
      { shelf: "books" },
    ],
  ])("OK: path: %s", async (_what, line, expected) => {
    const answer = await call(line);
    expect(answer.status).toBe(200);
    expect(got(answer)).toEqual(expected);
  });

  test.each([
    ["a % that no digits follow", "/isbn/%zz", "isbn"],
    ["a % at the end", "/isbn/a%2", "isbn"],
    ["NUL", "/isbn/a%00", "isbn"],
    ["what is not UTF-8", "/isbn/%ff", "isbn"],
    ["an overlong slash", "/isbn/%c0%af", "isbn"],
    ["a raw dot segment", "/files/a/../b", "path"],
    ["an encoded dot segment", "/files/a/%2E%2e/b", "path"],
    ["a dot segment behind an encoded slash", "/files/a%2F..%2Fb", "path"],
    ["a single dot", "/files/./a", "path"],
    ["a backslash", "/files/a%5Cb", "path"],
    ["a % in a wildcard that nothing takes", "/any/%zz/thing/x", "path"],
    ["a dot segment in a wildcard that nothing takes", "/any/x/thing/a/..", "path"],
  ])("InvalidArgument: path: %s", async (_what, path, field) => {
    const answer = await call(`GET ${path}`);
    expect([answer.status, violation(answer).field]).toEqual([400, field]);
  });

  test.each<[string, string, object]>([
    ["nested, by either name", "page_size=3&like.title=x", { pageSize: 3, like: { title: "x" } }],
    ["repeated", "tags=b&tags=a&tags=b", { tags: ["b", "a", "b"] }],
    ["a map", "labels[k]=v&labels%5Ba.b%5D=c", { labels: { k: "v", "a.b": "c" } }],
  ])("OK: query: %s", async (_what, query, expected) => {
    expect(got(await call(`GET /isbn/1?${query}`))).toEqual({ isbn: "1", ...expected });
  });

  test.each([
    [
      "a field of a repeated message",
      "GET /isbn/1?likes.title=x",
      "likes.title",
      "is not a query parameter of this path",
    ],
    ["a message", "GET /isbn/1?like=x", "like", "is not a query parameter of this path"],
    [
      "a name that objects have",
      "GET /isbn/1?__proto__=x",
      "__proto__",
      "is not a query parameter of this path",
    ],
  ])("InvalidArgument: query: %s", async (_what, line, field, description) => {
    const answer = await call(line, line.startsWith("GET") ? undefined : "{}");
    expect([answer.status, violation(answer)]).toEqual([400, { field, description }]);
  });

  test("OK: body: the whole request, beside the path", async () => {
    const book = { title: "x" };
    const answer = await call("POST /shelves/1/books", '{"book":{"title":"x"},"donorNumber":3}');
    expect(got(answer)).toEqual({ shelf: "1", book, donorNumber: 3 });
  });

  test("OK: body: the whole request, which says again what the path says", async () => {
    expect(got(await call("POST /shelves/1/books", '{"shelf":"1"}'))).toEqual({ shelf: "1" });
  });

  test("OK: body: one field, the rest in the query", async () => {
    const answer = await call("PATCH /shelves/1/books/2?force=true&updateMask=book.title", '{"title":"x"}');
    const book = { name: "shelves/1/books/2", title: "x" };
    expect(got(answer)).toEqual({ book, force: true, updateMask: "book.title" });
  });

  test.each([
    [
      "another path variable",
      "POST /shelves/1/books",
      '{"shelf":"2"}',
      "shelf",
      "is another one in the body than in path",
    ],
    [
      "another nested path variable",
      "PATCH /shelves/1/books/2",
      '{"name":"shelves/1/books/3"}',
      "book.name",
      "is another one in the body than in path",
    ],
    [
      "another member of a oneof that the path sets",
      "POST /orders/7",
      '{"donorNumber":3}',
      "code",
      "is set by path, and donor_number of the same oneof by the body",
    ],
    ["where none is taken", "POST /isbn/1:lend", "{}", "body", "must be empty: this path takes none"],
    [
      "an unknown field",
      "POST /shelves/1/books",
      '{"book":{"colour":1}}',
      "book.colour",
      "is not a field of the request",
    ],
  ])("InvalidArgument: body: %s", async (_what, line, body, field, description) => {
    const answer = await call(line, body);
    expect([answer.status, violation(answer)]).toEqual([400, { field, description }]);
  });

  test("OK: response_body: a list, a message and one that is not set are the whole answer", async () => {
    const bodies = await Promise.all(
      ["titles?titles=a&titles=b", "titles", "titles:first?titles=a", "titles:first"].map(async (path) =>
        JSON.parse((await call(`GET /${path}`)).body),
      ),
    );
    expect(bodies).toEqual([["a", "b"], [], { name: "", title: "a", etag: "" }, null]);
  });

  test("PermissionDenied: authorisation is asked before anything of the path is told", async () => {
    expect((await call("DELETE /isbn/%zz")).status).toBe(401);
    expect((await call("DELETE /isbn/%zz", undefined, bearer)).status).toBe(400);
    expect(got(await call("DELETE /isbn/1", undefined, bearer))).toEqual({ isbn: "1" });
  });

  test("OK: HEAD answers as GET without a body", async () => {
    const [get, head] = await Promise.all([call("GET /isbn/1"), call("HEAD /isbn/1")]);
    expect([head.status, head.body]).toEqual([200, ""]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect(head.headers["content-type"]).toBe("application/json");
  });

  test("OK: OPTIONS names the methods of all bindings of a path", async () => {
    const answer = await call("OPTIONS /isbn/1");
    expect([answer.status, answer.headers.allow]).toEqual([204, "DELETE, GET, HEAD, LOCK, OPTIONS"]);
  });

  test.each([
    ["404", "GET /nothing", undefined, "NOT_FOUND"],
    ["405", "PUT /isbn/1", "{}", "UNIMPLEMENTED"],
    ["415", "POST /shelves/1/books", "<book/>", "INVALID_ARGUMENT"],
  ])("%s: carries the Status as JSON", async (status, line, body, name) => {
    const answer = await call(line, body, body ? { "content-type": "text/xml" } : {});
    expect([answer.status, answer.headers["content-type"]]).toEqual([Number(status), "application/json"]);
    expect(JSON.parse(answer.body).error).toMatchObject({ code: Number(status), status: name });
    if (status === "405") expect(answer.headers.allow).toBe("DELETE, GET, HEAD, LOCK, OPTIONS");
  });

  test("OK: a stream of requests has the path in each", async () => {
    const answer = await call("POST /shelves/7:import", '{"book":{"title":"a"}}\n{}\n', {
      "content-type": "application/x-ndjson",
    });
    const { requests } = JSON.parse(answer.body);
    expect(requests.map(({ shelf }: { shelf: string }) => shelf)).toEqual(["7", "7"]);
    expect(requests[0].book.title).toBe("a");
  });

  test("OK: a stream of answers has response_body in each", async () => {
    const answer = await call("GET /shelves/1:numbers?count=3");
    expect(JSON.parse(answer.body)).toEqual([1, 2, 3]);
  });

  test("OK: a stream of no answers is an empty one", async () => {
    expect((await call("GET /shelves/1:watch")).body).toBe("[]\n");
    expect((await call("GET /shelves/1:watch", undefined, { accept: "application/x-ndjson" })).body).toBe("");
  });
});
