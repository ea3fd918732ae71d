import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLibrary } from "./lib/library-backend.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import type { TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startLibrary();
});
afterAll(() => edge[Symbol.asyncDispose]());

const page = readFileSync(new URL("../../docs/transcoding.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```http\n(.*?)^```$/gms)].flatMap(([, text = ""]) =>
  text.trim().split("\n\n"),
);
const examples = blocks.map((block) => {
  const lines = block.split("\n");
  const [method = "", path = ""] = lines[0]?.split(" ") ?? [];
  const [, status = "", answer = ""] = /^(\d{3}) (.*)$/.exec(lines.at(-1) ?? "") ?? [];
  return { line: `${method} ${path}`, method, path, body: lines.slice(1, -1).join("\n"), status, answer };
});

test("OK: the page has examples", () => {
  expect(examples.length).toBeGreaterThan(10);
});

test.each(examples)("$status: $line", async ({ method, path, body, status, answer }) => {
  const sent = { method, ...(body && { headers: { "content-type": "application/json" }, body }) };
  for (const send of [http1, http2]) {
    const { status: received, body: text } = await send(edge.port, path, sent);
    expect(received).toBe(Number(status));
    // The page omits unset fields.
    expect(JSON.parse(text)).toMatchObject(JSON.parse(answer));
  }
});
