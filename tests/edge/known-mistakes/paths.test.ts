import { describe, expect, test } from "vitest";
import { ResilienceService } from "../../../gen/sluice/test/v1/resilience_pb.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { forFile } from "../../lib/for-file.ts";
import { startLibrary } from "../lib/library-backend.ts";
import { pruned } from "../lib/pruned.ts";
import { http1, http2 } from "../lib/raw-http.ts";
import { startTestEdge } from "../lib/test-edge.ts";

const library = forFile(startLibrary);

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  // vanguard-go decodes twice, and responds 404 if the value of a segment contains a slash or a colon.
  test.each([
    ["a segment is decoded once", "isbn/%252F", "%2F"],
    ["%2F in a segment is a slash in its value", "isbn/a%2Fb%20c", "a/b c"],
    ["a value may have colons", "isbn/urn:isbn:1", "urn:isbn:1"],
    ["a value may have an encoded colon", "isbn/urn%3Aisbn", "urn:isbn"],
  ])("OK: %s", async (_what, path, isbn) => {
    const { status, body } = await send(library().port, `/library/v1/${path}`);
    expect([status, pruned(JSON.parse(body).request)]).toEqual([200, { isbn }]);
  });

  // grpc-gateway responds 501 without Allow.
  test("405: a method that a path does not have, with those that it has", async () => {
    const { status, headers, body } = await send(library().port, "/library/v1/titles", { method: "DELETE" });
    expect([status, headers.allow, JSON.parse(body).error.status]).toEqual([
      405,
      "GET, HEAD, OPTIONS",
      "UNIMPLEMENTED",
    ]);
  });

  // Envoy responds 415 to an unknown path if it does not support the content type.
  test.each(["application/json", "text/plain", "image/png", "application/proto", "application/connect"])(
    "404: an unknown path, whatever is sent to it: %s",
    async (contentType) => {
      const headers = { "content-type": contentType };
      const answer = await send(library().port, "/library/v1/nothing", {
        method: "POST",
        headers,
        body: "x",
      });
      expect([answer.status, answer.headers["content-type"]]).toEqual([404, "application/json"]);
    },
  );
});

const resilience = guard(ResilienceService, {
  read: ({ key }) => ({ server: `read ${key}` }),
  write: () => ({}),
  hedge: ({ key }) => ({ server: `hedge ${key}` }),
  async *follow() {},
});

// In grpc-gateway, the route that was registered last matches.
test.each([
  ["first to last", ResilienceService.methods],
  ["last to first", ResilienceService.methods.toReversed()],
])("OK: the most specific route wins, with routes made %s", async (_, methods) => {
  const service = { ...ResilienceService, methods };
  await using shared = await startTestEdge({ guarded: [{ ...resilience, service }] });
  const servers = ["a:hedged", "a:other", "a%3Ahedged"].map(async (key) => {
    const { body } = await http1(shared.port, `/test/v1/resilience/${key}`);
    return JSON.parse(body).server;
  });
  expect(await Promise.all(servers)).toEqual(["hedge a", "read a:other", "read a:hedged"]);
});
