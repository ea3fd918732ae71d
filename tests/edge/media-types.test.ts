import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { http1, http2 } from "./lib/raw-http.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  test.each([
    ["/test/v1/look/n", "text/csv", "application/json"],
    ["/test/v1/look/n", "application/xml;q=1, text/html", "application/json"],
    ["/test/v1/look/n", "*/*;q=0", "application/json"],
    ["/test/v1/look/n", "nonsense", "application/json"],
    ["/test/v1/count?up_to=1", "text/csv", "application/json, application/x-ndjson, text/event-stream"],
  ])("NotAcceptable: %s as %s", async (path, accept, available) => {
    const { status, headers, body } = await send(edge.port, path, { headers: { accept } });
    expect([status, headers["content-type"]]).toEqual([406, "application/json"]);
    const { error } = JSON.parse(body);
    expect(error).toMatchObject({
      status: "INVALID_ARGUMENT",
      message: `${JSON.stringify(accept)} is not what this path answers, which is one of ${available}`,
    });
    expect(error.details).toContainEqual(
      expect.objectContaining({ reason: "NOT_ACCEPTABLE", metadata: { available } }),
    );
  });

  test.each([
    "",
    "*/*",
    "application/*",
    "application/json;charset=utf-8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    // Java's own client.
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
  ])("OK: JSON for %j", async (accept) => {
    expect((await send(edge.port, "/test/v1/look/n", { headers: { accept } })).status).toBe(200);
  });

  test("OK: a document has a type of its own, whatever is accepted", async () => {
    const { status } = await send(edge.port, "/test/v1/downloads/10", { headers: { accept: "text/csv" } });
    expect(status).toBe(200);
  });

  test("OK: a stream of messages varies by Accept", async () => {
    const { headers } = await send(edge.port, "/test/v1/count?up_to=1", {});
    expect(headers.vary).toBe("Accept, Accept-Encoding");
    expect((await send(edge.port, "/test/v1/look/n", {})).headers.vary).toBe("Accept-Encoding");
  });
});

test("NotAcceptable: what is told of a long header is short", async () => {
  const accept = `text/${"x".repeat(5000)}`;
  const { status, body } = await http1(edge.port, "/test/v1/look/n", { headers: { accept } });
  expect([status, body.length < 1000]).toEqual([406, true]);
});
