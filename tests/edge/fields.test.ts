import { describe, expect, test } from "vitest";
import { parseSelection, selectFields, shapeOf } from "../../edge/codec/field-selection.ts";
import { BatchService } from "../../gen/sluice/edge/v1/batch_pb.ts";
import { CheckTypesResponseSchema } from "../../gen/sluice/library/v1/library_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { startLibrary } from "./lib/library-backend.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { startSampleEdge } from "./lib/sample-api.ts";
import { apiKey, bearer, startTestEdge } from "./lib/test-edge.ts";

const edge = forFile(() => startTestEdge({ services: [BatchService] }));
const library = forFile(startLibrary);

const json = { "content-type": "application/json" };

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const get = async (query: string, headers: Record<string, string> = {}) => {
    const {
      status,
      body,
      headers: answered,
    } = await send(library().port, `/library/v1/isbn/1${query}`, { headers });
    return { status, body: body && JSON.parse(body), etag: answered.etag };
  };

  test("OK: the chosen fields, wherever they are, with both of their names", async () => {
    const query = "&tags=a&page_size=2&likes=&labels[x.y]=1&labels[k]=2&like.title=t".replace("&likes=", "");
    for (const [fields, request] of [
      ["request(pageSize,tags)", { pageSize: 2, tags: ["a"] }],
      ["request.page_size", { pageSize: 2 }],
      ["request/like/title,request.isbn", { like: { title: "t" }, isbn: "1" }],
      ["request.like(title),request(like/etag)", { like: { title: "t", etag: "" } }],
      ["request.labels.k", { labels: { k: "2" } }],
      ["request.labels.nothing", { labels: {} }],
      ["request.like,request.like.title", { like: { title: "t", name: "", etag: "" } }],
      ["%72equest%28%69sbn%29", { isbn: "1" }],
    ] as const) {
      expect(await get(`?fields=${fields}${query}`), fields).toMatchObject({
        status: 200,
        body: { request },
      });
      expect((await get(`?fields=${fields}${query}`)).body, fields).toEqual({ request });
    }
    const whole = (await get(`?${query.slice(1)}`)).body;
    for (const all of ["*", "request", "request.*", "request(*)", "*,request.isbn"]) {
      expect((await get(`?fields=${all}${query}`)).body, all).toEqual(whole);
    }
  });

  test("304: an entity tag is that of the chosen fields", async () => {
    const some = await get("?fields=request.isbn");
    expect(some.etag).not.toBe((await get("")).etag);
    const again = await get("?fields=request.isbn", { "if-none-match": String(some.etag) });
    expect([again.status, again.body]).toEqual([304, ""]);
    expect((await get("", { "if-none-match": String(some.etag) })).status).toBe(200);
  });

  test("InvalidArgument: a selection that is none", async () => {
    for (const fields of [
      ...[
        "",
        ",",
        "request,",
        "request(",
        "request()",
        "request)",
        "request(isbn",
        "request..isbn",
        "(isbn)",
      ],
      ...[
        "nothing",
        "request.nothing",
        "request.isbn.x",
        "request(tags/x)",
        "*/isbn",
        "request isbn",
        "a.*.b",
      ],
      ...["__proto__", "constructor", "request.__proto__", "request.like.constructor"],
      ...["request.like.title".repeat(120), `request(${"isbn,".repeat(500)}isbn)`],
      ...["%00", "%ff", "%2", "request%zz"],
    ]) {
      const { status, body } = await get(`?fields=${fields.replaceAll(" ", "%20")}`);
      const [violation] = body.error.details[0].fieldViolations;
      expect([status, violation.field], fields).toEqual([400, "fields"]);
    }
    const twice = await get("?fields=request&fields=request");
    expect([twice.status, twice.body.error.message]).toEqual([400, "fields: is in the query twice"]);
    expect((await get("?Fields=request")).status).toBe(400);
  });
});

test("InvalidArgument: before the method is called", async () => {
  const sent = { method: "POST", headers: { ...bearer, ...json }, body: '{"text":"not-called"}' };
  const { status } = await http1(edge().port, "/test/v1/echo?fields=nothing", sent);
  expect(status).toBe(400);
  const chosen = await http1(edge().port, "/test/v1/echo?fields=request.text", sent);
  expect([chosen.status, JSON.parse(chosen.body)]).toEqual([200, { request: { text: "not-called" } }]);
});

test("Unauthenticated: a caller without a credential learns nothing of the fields", async () => {
  const { status } = await http1(edge().port, "/test/v1/echo?fields=nothing", { method: "POST" });
  expect(status).toBe(401);
});

test("OK: each message of a stream, the one field that is a body, and an answer to a stream", async () => {
  const { port } = library();
  const stream = await http1(port, "/library/v1/shelves/1:watch?count=2&fields=number");
  expect(JSON.parse(stream.body)).toEqual([{ number: 1 }, { number: 2 }]);
  const first = await http1(port, "/library/v1/titles:first?titles=Emma&fields=title");
  expect(JSON.parse(first.body)).toEqual({ title: "Emma" });
  const list = await http1(port, "/library/v1/titles?titles=Emma&fields=title");
  expect(list.status).toBe(400);
  const imported = await http1(port, "/library/v1/shelves/1:import?fields=requests.book.title", {
    method: "POST",
    headers: json,
    body: '{"book":{"title":"Emma"}}\n{"book":{"title":"Persuasion"}}\n',
  });
  expect(JSON.parse(imported.body)).toEqual({
    requests: [{ book: { title: "Emma" } }, { book: { title: "Persuasion" } }],
  });
});

test("OK: an API of another system, inside of its envelope", async () => {
  await using sample = await startSampleEdge();
  const sent = {
    method: "POST",
    headers: { ...json, "x-sample-key": apiKey },
    body: JSON.stringify({ note: { note_text: "x", author: { display_name: "y" } } }),
  };
  const chosen = await http1(sample.port, "/sample/notes?fields=note.note_text", sent);
  expect([chosen.status, JSON.parse(chosen.body)]).toEqual([
    201,
    { ok: true, result: { note: { note_text: "x" } } },
  ]);
  const refused = await http1(sample.port, "/sample/notes?fields=note.nothing", sent);
  expect([refused.status, JSON.parse(refused.body)]).toMatchObject([400, { ok: false }]);
});

test("OK: errors are whole, and bytes have no fields", async () => {
  const failed = await http1(edge().port, "/test/v1/fail?fields=*", {
    method: "POST",
    headers: json,
    body: '{"code":5,"message":"no"}',
  });
  expect(JSON.parse(failed.body).error).toMatchObject({ status: "NOT_FOUND", message: "no" });
  expect((await http1(edge().port, "/test/v1/downloads/10?fields=data")).status).toBe(400);
});

test("OK: calls of a batch choose for themselves", async () => {
  const path = "/test/v1/look/x?fields=request.name";
  const { status, body } = await http1(edge().port, "/api/v1/batch?fields=responses(status,body)", {
    method: "POST",
    headers: { ...bearer, ...json },
    body: JSON.stringify({ requests: [{ method: "GET", path }] }),
  });
  const responses = [{ status: 200, body: { request: { name: "x" } } }];
  expect([status, JSON.parse(body)]).toEqual([200, { responses }]);
});

test("OK: free JSON has any field", () => {
  const shape = shapeOf(CheckTypesResponseSchema, undefined);
  const selection = parseSelection("types.struct(a.b,c)", shape);
  const value = { types: { struct: { a: { b: 1, x: 2 }, c: [{ d: 1 }], z: 3 }, other: 1 } };
  expect(selectFields(value, selection)).toEqual({ types: { struct: { a: { b: 1 }, c: [{ d: 1 }] } } });
});

test("OK: a prototype is not reached by a key of a map", () => {
  const shape = shapeOf(EchoService.method.echo.output, undefined);
  const selection = parseSelection("metadata.__proto__", shape);
  const value = JSON.parse('{"metadata":{"__proto__":{"polluted":true},"a":"b"}}');
  const chosen = selectFields(value, selection);
  expect(JSON.stringify(chosen)).toBe('{"metadata":{"__proto__":{"polluted":true}}}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
