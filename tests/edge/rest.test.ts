import { afterAll, beforeAll, expect, test } from "vitest";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not used
type Json = any;

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(edge.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

test("OK: answers a unary call on behalf of the verified caller", async () => {
  const response = await post("/test/v1/echo", { text: "hello" }, bearer);
  const body = (await response.json()) as Json;
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(body.request.text).toBe("hello");
  expect(body.metadata).toMatchObject({ "x-org-id": orgId, "x-user-id": userId });
});
