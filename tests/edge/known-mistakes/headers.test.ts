import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { http1, http2 } from "../lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "../lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const forged = "99999999-9999-7999-8999-999999999999";

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  // grpc-gateway forwards all headers with the prefix Grpc-Metadata- to services, which trust their metadata.
  test("OK: Grpc-Metadata-X never becomes metadata", async () => {
    const headers = {
      ...json,
      ...bearer,
      "grpc-metadata-x": "forged",
      "grpc-metadata-x-org-id": forged,
      "grpc-metadata-x-user-id": forged,
      "grpc-metadata-x-sluice-assertion": "forged",
      "grpc-metadata-authorization": "Bearer forged",
      "grpcgateway-authorization": "Bearer forged",
    };
    const answer = await send(edge.port, "/test/v1/echo", { method: "POST", headers, body: "{}" });
    const { metadata } = JSON.parse(answer.body);
    expect(metadata).toMatchObject({ "x-org-id": orgId, "x-user-id": userId });
    expect(JSON.stringify(metadata)).not.toMatch(new RegExp(`forged|${forged}`));
    expect(Object.keys(metadata).filter((name) => /^(x|grpc.*|authorization)$/.test(name))).toEqual([]);
  });

  // In grpc-gateway, a POST with one of these calls another method, which evades filters by HTTP method.
  test.each(["x-http-method-override", "x-http-method", "x-method-override"])(
    "405: %s has no effect",
    async (name) => {
      const headers = { ...json, [name]: "GET" };
      const posted = await send(edge.port, "/test/v1/look/n", { method: "POST", headers, body: "" });
      expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
      const got = await send(edge.port, "/test/v1/look/n", { headers: { [name]: "DELETE" } });
      expect(got.status).toBe(200);
    },
  );
});
