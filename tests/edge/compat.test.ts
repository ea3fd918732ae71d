import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { compatEnv, compatProblems } from "../../edge/dialects/compat-settings.ts";
import { createPages } from "../../edge/pages/pages.ts";
import { NoteService } from "../../gen/compat/sample/v1/notes_pb.ts";
import { type Env, parseEnv } from "../../services/lib/settings/env.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { http1 } from "./lib/raw-http.ts";
import { type SampleEdge, sampleApi, startSampleEdge } from "./lib/sample-api.ts";
import { apiKey, bearer } from "./lib/test-edge.ts";

const describe = async (folder: string) => ({
  descriptors: Buffer.from(folder),
  openApiJson: JSON.stringify({ folder }),
  openApiYaml: `folder: ${JSON.stringify(folder)}`,
});

let edge: SampleEdge;
beforeAll(async () => {
  edge = await startSampleEdge({ pages: createPages(describe, [sampleApi]) });
});
afterAll(() => edge[Symbol.asyncDispose]());

test("OK: its package says that the process compat serves it", () => {
  expect(serviceNameOf(NoteService)).toBe("compat");
});

test("InvalidArgument: the rules of its contract hold", async () => {
  const { status, body } = await http1(edge.port, "/sample/notes", {
    method: "POST",
    headers: { "x-sample-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({ note: { note_text: "x".repeat(101) } }),
  });
  expect([status, JSON.parse(body).problem.text]).toEqual([400, expect.stringContaining("note.note_text")]);
});

test.each([
  ["Connect", createConnectTransport],
  ["gRPC", createGrpcTransport],
] as const)("OK: it is there in %s, too, with the mesh's own credentials", async (_, createTransport) => {
  const client = createClient(NoteService, createTransport({ baseUrl: edge.url, httpVersion: "2" }));
  const { note } = await client.writeNote({ note: { noteText: "hello" } }, { headers: bearer });
  expect(note?.noteText).toBe("hello");
});

test("OK: it has a document and a docs page of its own", async () => {
  const read = async (path: string) => (await http1(edge.port, path)).body;
  expect(await read("/compat/sample/openapi.json")).toBe('{"folder":"compat/sample/"}');
  expect(await read("/compat/sample/openapi.yaml")).toBe('folder: "compat/sample/"');
  expect(await read("/openapi.json")).toBe('{"folder":""}');
  const page = await read("/compat/sample/docs");
  expect(page).toContain("<title>Sluice: Sample notes</title>");
  // All files of the page exist.
  const base = new URL("/compat/sample/docs", edge.url);
  const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = ""]) => new URL(name, base));
  const own = files.filter(({ protocol }) => protocol === "http:");
  expect(own).toHaveLength(5);
  for (const { pathname } of own) expect((await http1(edge.port, pathname)).status).toBe(200);
});

test("OK: a setting chooses the APIs that are served, all by default", () => {
  const schema = z.object(compatEnv([sampleApi]));
  const read = (env: Env) => parseEnv(schema, env, (set) => compatProblems(set, [sampleApi])).COMPAT_APIS;
  const address = { COMPAT_ADDRESS: "127.0.0.1:1" };
  expect(read(address)).toEqual([sampleApi]);
  expect(read({ ...address, COMPAT_APIS: "" })).toEqual([sampleApi]);
  expect(read({ ...address, COMPAT_APIS: "sample" })).toEqual([sampleApi]);
  expect(read({ COMPAT_APIS: "none" })).toEqual([]);
  expect(() => read({ ...address, COMPAT_APIS: "sample, other" })).toThrow(
    "COMPAT_APIS: must be names with commas between, of sample",
  );
  expect(() => read({})).toThrow("COMPAT_ADDRESS: is required where COMPAT_APIS names an API");
});

test("NotFound: the paths of an API that is not served are nobody's", async () => {
  await using without = await startSampleEdge({ compatApis: [] });
  const { status, body } = await http1(without.port, "/sample/notes");
  expect([status, JSON.parse(body).error.status]).toEqual([404, "NOT_FOUND"]);
});
