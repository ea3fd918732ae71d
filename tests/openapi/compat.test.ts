import { afterAll, beforeAll, expect, test } from "vitest";
import { readContract } from "../../edge/method/description.ts";
import { NoteService } from "../../gen/compat/sample/v1/notes_pb.ts";
import { buildDescriptors } from "../../tools/openapi/build-descriptors.ts";
import { createDocument } from "../../tools/openapi/document.ts";
import { styleOf } from "../../tools/openapi/style.ts";
import { http1 } from "../edge/lib/raw-http.ts";
import { type SampleEdge, sampleApi, startSampleEdge } from "../edge/lib/sample-api.ts";
import { apiKey } from "../edge/lib/test-edge.ts";
import { operationsIn, successOf } from "./call.ts";
import { answerPointer, checkerOf } from "./check-schema.ts";
import { problemsOf } from "./lint.ts";

const document = createDocument(readContract(buildDescriptors([NoteService])), "1.2.3", styleOf(sampleApi));
const problemsIn = checkerOf(document);
const write = operationsIn(document).find(({ operation }) => operation.operationId.endsWith("WriteNote"));

let edge: SampleEdge;
beforeAll(async () => {
  edge = await startSampleEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const send = (headers: Record<string, string>) =>
  http1(edge.port, "/sample/notes", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ note: { note_text: "hello" } }),
  });

test("OK: a public validator finds nothing wrong with the document of a compat API", async () => {
  expect(await problemsOf(document)).toEqual([]);
});

test("OK: title, credentials, statuses and paths are those of the other system", () => {
  expect(document.info).toMatchObject({ title: "Sample notes", version: "1.2.3" });
  expect(document.components.securitySchemes).toEqual({
    "x-sample-key": { type: "apiKey", in: "header", name: "x-sample-key" },
  });
  expect(Object.keys(document.paths)).toEqual([
    "/sample/notes",
    "/sample/notes/{key}:await",
    "/sample/notes:fail",
    "/sample/notes:watch",
  ]);
  expect(write?.operation.security).toEqual([{ "x-sample-key": [] }]);
  // 415 is 400 in this system.
  expect(Object.keys(write?.operation.responses ?? {})).toEqual([
    "201",
    "400",
    "401",
    "413",
    "429",
    "500",
    "503",
    "504",
    "default",
  ]);
});

test("OK: a response is as the document describes it, envelope and null included", async () => {
  if (!write) throw new Error("WriteNote is not described");
  const { status, body } = await send({ "x-sample-key": apiKey });
  expect(status).toBe(successOf(write));
  const pointer = answerPointer(write, "application/json");
  expect(problemsIn(pointer, JSON.parse(body))).toEqual([]);
  expect(problemsIn(pointer, JSON.parse(body).result)).not.toEqual([]);
  const { note } = JSON.parse(body).result;
  expect(problemsIn(pointer, { ok: true, result: { note: { ...note, stars: "many" } } })).not.toEqual([]);
});

test("OK: an error is as the document describes it", async () => {
  const { body } = await send({});
  expect(problemsIn("/components/schemas/Error", JSON.parse(body))).toEqual([]);
  expect(problemsIn("/components/schemas/Error", { error: { code: 401 } })).not.toEqual([]);
});
