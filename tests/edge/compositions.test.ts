import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planCompositions } from "../../edge/compositions/plan-composition.ts";
import { type CompositionSettings, readCompositions } from "../../edge/compositions/read-compositions.ts";
import { exposedServices } from "../../edge/contracts.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { CachedService } from "../../gen/sluice/test/v1/cached_pb.ts";
import { guard } from "../../services/lib/rpc/guard.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { startShelfEdge } from "./lib/shelf.ts";
import { bearer, startTestEdge, tokenOf } from "./lib/test-edge.ts";

type Calls = Record<string, { path: string }>;
const composition = (
  name: string,
  calls: Calls,
  more: Partial<CompositionSettings> = {},
): CompositionSettings => ({
  path: `/compositions/${name}`,
  query: [],
  onError: "fail",
  calls,
  ...more,
});

const book = "/test/v1/shelf/books/{path.book_id}";
const compositions = [
  composition("books/{book_id}", {
    book: { path: book },
    look: { path: "/test/v1/look/{calls.book.book.title}" },
  }),
  composition(
    "pages",
    {
      second: { path: "/test/v1/look/{calls.first.request.name}-{query.suffix}" },
      first: { path: "/test/v1/look/{query.name}?fields=request.name" },
      list: { path: "/test/v1/shelf/books?count={query.count}" },
    },
    { query: ["name", "suffix", "count"] },
  ),
  composition(
    "partly/{book_id}",
    {
      book: { path: book },
      look: { path: "/test/v1/look/fixed" },
      dependent: { path: "/test/v1/look/{calls.book.book.title}" },
      absent: { path: "/test/v1/look/{calls.look.request.nothing}" },
    },
    { onError: "include" },
  ),
  composition("whole/{book_id}", {
    dependent: { path: "/test/v1/look/{calls.book.book.title}" },
    book: { path: book },
  }),
  composition("stable", { look: { path: "/test/v1/look/x?fields=request.name" } }),
  composition("waits", { one: { path: "/test/v1/wait/one" }, two: { path: "/test/v1/wait/two" } }),
  composition("large", {
    one: { path: "/test/v1/shelf/books?count=60000" },
    two: { path: "/test/v1/shelf/books?count=60000" },
  }),
];

const edge = forFile(() => startShelfEdge({ compositions }));

async function get(path: string, headers: Record<string, string> = bearer, send = http1) {
  const { status, body, headers: answered } = await send(edge().port, path, { headers });
  return { status, body: body && JSON.parse(body), headers: answered };
}

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  test("OK: the answers of several methods in one, where one needs the other's", async () => {
    const answer = await get("/compositions/books/moby", bearer, send);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual(["book", "look"]);
    expect(answer.body.book.book).toMatchObject({ bookId: "moby", title: edge().book.title });
    expect(answer.body.look.request.name).toBe(edge().book.title);
  });

  test("304: the whole is revalidated", async () => {
    const first = await get("/compositions/stable", bearer, send);
    expect(first.headers).toMatchObject({ "cache-control": "private, no-cache", etag: expect.any(String) });
    const condition = { ...bearer, "if-none-match": String(first.headers.etag) };
    const again = await get("/compositions/stable", condition, send);
    expect([again.status, again.body]).toEqual([304, ""]);
    expect((await get("/compositions/books/moby", condition, send)).status).toBe(200);
  });
});

test("OK: values are percent-encoded, and a pair of the query without a value is left out", async () => {
  const odd = "a/../b?x=1&y=%#é {path.x}";
  const { status, body } = await get(`/compositions/pages?name=${encodeURIComponent(odd)}&suffix=z`);
  expect([status, body.first, body.second?.request.name]).toEqual([
    200,
    { request: { name: odd } },
    `${odd}-z`,
  ]);
  expect(body.list.books).toEqual([]);
  const counted = await get("/compositions/pages?name=a&suffix=z&count=2");
  expect(counted.body.list.books).toHaveLength(2);
});

test("InvalidArgument: a parameter that is unknown, malformed or there twice", async () => {
  for (const [query, field] of [
    ["other=1", "other"],
    ["name=a&name=b", "name"],
    ["name=%ff", "name"],
    ["fields=first", "fields"],
  ]) {
    const { status, body } = await get(`/compositions/pages?${query}`);
    expect([status, body.error.details[0].fieldViolations[0].field]).toEqual([400, field]);
  }
  expect((await get("/compositions/books/%ff")).status).toBe(400);
});

test("FailedPrecondition: a value of a path that is missing", async () => {
  const { status, body } = await get("/compositions/pages?suffix=z");
  expect([status, body.error.message]).toEqual([
    400,
    "call first was not made, because query.name has no value",
  ]);
});

test("NotFound: the first failure is the whole answer, where it is not included", async () => {
  const failed = await get("/test/v1/shelf/books/none");
  for (const path of ["/compositions/whole/none", "/compositions/books/none"]) {
    const { status, body } = await get(path);
    expect([status, body.error.status, body.error.message]).toEqual([
      404,
      "NOT_FOUND",
      failed.body.error.message,
    ]);
  }
});

test("OK: failures have a place in the answer, where they are included", async () => {
  const { status, body } = await get("/compositions/partly/none");
  expect([status, Object.keys(body).sort()]).toEqual([200, ["errors", "look"]]);
  expect(body.errors).toMatchObject({
    book: { status: 404, body: { error: { status: "NOT_FOUND" } } },
    dependent: {
      status: 400,
      body: { error: { message: "call dependent was not made, because call book failed" } },
    },
    absent: {
      status: 400,
      body: { error: { message: expect.stringContaining("calls.look.request.nothing") } },
    },
  });
  const all = await get("/compositions/partly/moby");
  expect(Object.keys(all.body.errors)).toEqual(["absent"]);
});

test("Unauthenticated, PermissionDenied: each call is the caller's", async () => {
  const nobody = await get("/compositions/books/moby", {});
  expect([nobody.status, nobody.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  expect((await get("/compositions/partly/moby", {})).status).toBe(401);
  await using counted = await startTestEdge({
    guarded: [guard(CachedService, { countOwn: () => ({ calls: 1 }), countShared: () => ({ calls: 2 }) })],
    responseCacheBytesMax: 1024 * 1024,
    compositions: [composition("counts", { own: { path: "/test/v1/cached/own" } })],
  });
  const count = async (role: string) => {
    const headers = tokenOf("o", `ann/${role}`);
    return (await http1(counted.port, "/compositions/counts", { headers })).status;
  };
  // The answer for the one is in the cache when the other asks.
  expect([await count("viewer"), await count("none"), await count("viewer")]).toEqual([200, 403, 200]);
});

test("DeadlineExceeded: calls run at the same time, and end with the deadline", async () => {
  const answer = get("/compositions/waits", { ...bearer, "connect-timeout-ms": "1000" });
  await Promise.all([edge().happenings.begun("one"), edge().happenings.begun("two")]);
  expect((await answer).status).toBe(504);
});

test("Cancelled: calls end with their caller", async () => {
  await using other = await startShelfEdge({ compositions });
  const left = new AbortController();
  const answer = fetch(`${other.url}/compositions/waits`, { headers: bearer, signal: left.signal });
  await other.happenings.begun("one");
  left.abort();
  await expect(answer).rejects.toThrow();
  await Promise.all([other.happenings.cancelled("one"), other.happenings.cancelled("two")]);
});

test("ResourceExhausted: results that are too large together", async () => {
  const { status, body } = await get("/compositions/large");
  expect([status, body.error?.status]).toEqual([507, "RESOURCE_EXHAUSTED"]);
});

test("Unimplemented: other methods than GET, and a composition in a batch", async () => {
  const { port } = edge();
  const path = "/compositions/books/moby";
  const posted = await http1(port, path, { method: "POST", headers: bearer });
  expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
  expect((await http1(port, path, { method: "OPTIONS" })).status).toBe(204);
  const head = await http1(port, path, { method: "HEAD", headers: bearer });
  expect([head.status, head.body]).toEqual([200, ""]);
  const { body } = await http1(port, "/api/v1/batch", {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json" },
    body: JSON.stringify({ requests: [{ method: "GET", path }] }),
  });
  expect(JSON.parse(body).responses[0].status).toBe(501);
  expect((await get("/compositions/none")).status).toBe(404);
});

const refused: [string, CompositionSettings][] = [
  [
    "circle",
    composition("a", {
      one: { path: "/test/v1/look/{calls.two.x}" },
      two: { path: "/test/v1/look/{calls.one.x}" },
    }),
  ],
  ["calls.none", composition("a", { one: { path: "/test/v1/look/{calls.none.x}" } })],
  ["path.none", composition("a/{id}", { one: { path: "/test/v1/look/{path.none}" } })],
  ["query.none", composition("a", { one: { path: "/test/v1/look/{query.none}" } })],
  ["no method", composition("a", { one: { path: "/nowhere" } })],
  ["no method", composition("a", { one: { path: "/test/v1/echo" } })],
  ["no method", composition("a", { one: { path: "/compositions/b" } })],
  ["JSON answer", composition("a", { one: { path: "/test/v1/count" } })],
  ["JSON answer", composition("a", { one: { path: "/test/v1/downloads/1" } })],
  ["none of path", composition("a", { one: { path: "/test/v1/look/{process.env}" } })],
  ["none of path", composition("a", { one: { path: "/test/v1/look/{calls.one}" } })],
  ["outside of an expression", composition("a", { one: { path: "/test/v1/look/x}" } })],
  ["one segment", composition("a/**", { one: { path: "/test/v1/look/x" } })],
];
test.each(refused)("ConfigError: %s", async (problem, settings) => {
  await expect(startShelfEdge({ compositions: [settings] })).rejects.toThrow(problem);
});

test("OK: the example of the page, with the contracts of Sluice", async () => {
  const page = await readFile(new URL("../../docs/compositions.md", import.meta.url), "utf8");
  await using folder = await temporaryFolder();
  const file = join(folder.path, "compositions.json");
  await writeFile(file, /```json\n(.*?)```/s.exec(page)?.[1] ?? "");
  const routes = exposedServices.flatMap(({ methods }) => methods).flatMap(routesOf);
  const [planned] = planCompositions(await readCompositions(file), routes);
  expect(planned?.calls.map(({ name, needs }) => [name, needs])).toEqual([
    ["user", []],
    ["colleagues", []],
    ["org", ["user"]],
  ]);
});

test("ConfigError: a file that is none, with the place of each problem", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "compositions.json");
  await expect(readCompositions(file)).rejects.toThrow("can't be read");
  const call = { path: "/test/v1/look/x" };
  const nine = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`c${at}`, call]));
  for (const [content, problem] of [
    ["{", "is not JSON"],
    ["[]", "the file"],
    [
      { compositions: [{ path: "/elsewhere/a", calls: { one: call } }] },
      "compositions.0.path: must begin with",
    ],
    [{ compositions: [{ path: "/compositions/a", calls: {} }] }, "compositions.0.calls"],
    [{ compositions: [{ path: "/compositions/a", calls: nine }] }, "can have 8 calls"],
    [{ compositions: [{ path: "/compositions/a", calls: { errors: call } }] }, "errors is the place"],
    [{ compositions: [{ path: "/compositions/a", calls: { one: { ...call, method: "POST" } } }] }, "method"],
    [{ compositions: [{ path: "/compositions/a", calls: { one: call }, onError: "x" }] }, "onError"],
  ] as const) {
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    await expect(readCompositions(file), JSON.stringify(content)).rejects.toThrow(problem);
  }
  await writeFile(file, JSON.stringify({ compositions: [{ path: "/api/v1/x/a", calls: { one: call } }] }));
  const defaults = { query: [], onError: "fail" };
  expect(await readCompositions(file)).toEqual([{ path: "/api/v1/x/a", calls: { one: call }, ...defaults }]);
  expect(await readCompositions(undefined)).toEqual([]);
});
