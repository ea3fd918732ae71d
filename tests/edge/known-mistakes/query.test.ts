import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { startLibrary } from "../lib/library-backend.ts";
import { http1, http2 } from "../lib/raw-http.ts";

const library = forFile(startLibrary);

// In vanguard-go, the query overrides path and body, which evades rules on the path, and unknown names get 500.
describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const inBody = "belongs into the body, not into the query";
  test.each([
    [
      "a path's field can't come in the query, too",
      "GET",
      "isbn/1?isbn=2",
      "isbn",
      "is set by path and query",
    ],
    [
      "a path's field within a message can't come in the query, too",
      "PATCH",
      "shelves/1/books/2?book.name=shelves/9/books/9",
      "book.name",
      inBody,
    ],
    [
      "a field of a body's message can't come in the query",
      "PATCH",
      "shelves/1/books/2?book.title=x",
      "book.title",
      inBody,
    ],
    [
      "nothing can come in the query beside a whole body",
      "POST",
      "shelves/1/books?book.title=x",
      "book.title",
      inBody,
    ],
    [
      "the path's field can't come in the query beside a whole body",
      "POST",
      "shelves/1/books?shelf=9",
      "shelf",
      inBody,
    ],
    [
      "an unknown query parameter is named",
      "GET",
      "isbn/1?nothing=1",
      "nothing",
      "is not a query parameter of this path",
    ],
  ])("InvalidArgument: %s", async (_what, method, path, field, description) => {
    const sent = method === "GET" ? {} : { headers: { "content-type": "application/json" }, body: "{}" };
    const { status, body } = await send(library().port, `/library/v1/${path}`, { method, ...sent });
    const [detail] = JSON.parse(body).error.details;
    expect([status, detail.fieldViolations]).toEqual([400, [{ field, description }]]);
  });
});
