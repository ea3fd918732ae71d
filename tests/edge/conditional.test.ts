import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { http1, http2 } from "./lib/raw-http.ts";
import { type ShelfEdge, startShelfEdge } from "./lib/shelf.ts";
import { bearer } from "./lib/test-edge.ts";

let edge: ShelfEdge;
beforeAll(async () => {
  edge = await startShelfEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const bookPath = "/test/v1/shelf/books/moby";
const listPath = "/test/v1/shelf/books?count=100";

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    send(edge.port, path, { method, headers: { ...bearer, ...headers } });

  test("304: what was not changed is not sent again", async () => {
    const first = await get(bookPath);
    expect(first.headers).toMatchObject({
      etag: expect.stringMatching(/^"\d+~[\w-]{22}"$/),
      "cache-control": "private, no-cache",
      vary: "Accept-Encoding",
    });
    const etag = String(first.headers.etag);
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await get(bookPath, { "if-none-match": condition });
      expect([again.status, again.body, again.headers.etag]).toEqual([304, "", etag]);
      expect(again.headers["cache-control"]).toBe("private, no-cache");
      expect(again.headers["content-type"]).toBeUndefined();
      expect(again.headers["content-length"]).toBeUndefined();
      expect(again.headers["x-request-id"]).toBeDefined();
    }
    const head = await get(bookPath, { "if-none-match": etag }, "HEAD");
    expect([head.status, head.headers.etag]).toEqual([304, etag]);
    expect((await get(bookPath, { "if-none-match": '"other"' })).status).toBe(200);
  });

  test("200: a change that the resource's own etag does not show is seen", async () => {
    const etag = String((await get(bookPath)).headers.etag);
    edge.book.readCount += 1;
    const again = await get(bookPath, { "if-none-match": etag });
    expect([again.status, JSON.parse(again.body).book.readCount]).toEqual([200, edge.book.readCount]);
    expect(again.headers.etag).not.toBe(etag);
  });

  test("OK: the tag of a resource is good for If-Match, until the resource is changed", async () => {
    const etag = String((await get(bookPath, { "accept-encoding": "gzip, identity;q=0" })).headers.etag);
    expect(etag).toMatch(/-gzip"$/);
    // Reading it does not change its revision.
    edge.book.readCount += 1;
    const update = (tag: string) =>
      send(edge.port, bookPath, {
        method: "PATCH",
        headers: { ...bearer, "if-match": tag },
        body: '{"title":"Omoo"}',
      });
    expect((await update(etag)).status).toBe(200);
    expect((await update(etag)).status).toBe(409);
    expect((await update(`"${edge.book.revision}"`)).status).toBe(200);
  });

  test("OK: each coding has a tag of its own", async () => {
    const plain = await get(listPath);
    const zipped = await send(edge.port, listPath, {
      method: "HEAD",
      headers: { "accept-encoding": "gzip" },
    });
    expect(plain.headers["cache-control"]).toBe("no-cache");
    expect(zipped.headers.etag).toBe(String(plain.headers.etag).replace(/"$/, '-gzip"'));
    const condition = { "if-none-match": String(plain.headers.etag) };
    expect((await get(listPath, condition)).status).toBe(304);
    expect((await get(listPath, { ...condition, "accept-encoding": "gzip" })).status).toBe(200);
  });

  test("OK: no tag where nothing may be kept, on errors, on writes, and over a file's own", async () => {
    expect((await get("/test/v1/shelf/secret-book")).headers.etag).toBeUndefined();
    expect((await get("/test/v1/shelf/books/none")).headers.etag).toBeUndefined();
    const missing = await get("/test/v1/shelf/books/none", { "if-none-match": "*" });
    expect(missing.status).toBe(404);
    const sent = { method: "POST", headers: { ...bearer, "if-none-match": "*" }, body: "{}" };
    const written = await send(edge.port, "/test/v1/echo", sent);
    expect([written.status, written.headers.etag]).toEqual([200, undefined]);
    expect((await get("/test/v1/downloads/10")).headers.etag).toBe('"abc"');
  });

  test("416: the error's header says how much there is, and nothing else of its metadata is one", async () => {
    const answer = await get("/test/v1/shelf/books?count=-1");
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, "bytes */7"]);
    expect(answer.headers.size_bytes).toBeUndefined();
  });
});
