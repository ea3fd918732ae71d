import { expect } from "vitest";
import { describeDialect } from "./lib/dialect-suite.ts";
import { startSampleEdge } from "./lib/sample-api.ts";
import { apiKey, bearer, startTestEdge } from "./lib/test-edge.ts";

const matching = (message: string | RegExp): unknown =>
  typeof message === "string" ? message : expect.stringMatching(message);

const names: Readonly<Record<number, string>> = {
  3: "INVALID_ARGUMENT",
  4: "DEADLINE_EXCEEDED",
  5: "NOT_FOUND",
  6: "ALREADY_EXISTS",
  7: "PERMISSION_DENIED",
  8: "RESOURCE_EXHAUSTED",
  9: "FAILED_PRECONDITION",
  10: "ABORTED",
  12: "UNIMPLEMENTED",
  13: "INTERNAL",
  14: "UNAVAILABLE",
  16: "UNAUTHENTICATED",
};

const echoed = {
  text: "hello",
  smallNumber: 0,
  bigNumber: "0",
  colour: "COLOUR_UNSPECIFIED",
  inner: { text: "deep", number: 0 },
  inners: [],
  byName: {},
};

describeDialect({
  name: "google",
  start: startTestEdge,
  credential: bearer,
  wrongCredential: { authorization: "Bearer unknown" },
  misplacedCredential: { "x-sample-key": apiKey },
  paths: {
    write: "/test/v1/echo",
    fail: "/test/v1/fail",
    wait: "/test/v1/wait/dialect",
    stream: "/test/v1/count?upTo=2&failAfter=true",
    unknown: "/test/v1/nothing",
  },
  written: {
    request: { text: "hello", inner: { text: "deep" } },
    status: 200,
    response: { request: echoed, metadata: expect.anything(), timeoutMs: expect.any(Number) },
  },
  items: [1, 2].map((number) => ({ number, padding: "" })),
  write: ({ code, status, reason, message }) => ({
    status,
    body: {
      error: {
        code: status,
        status: names[code],
        message: matching(message),
        details: reason ? expect.arrayContaining([expect.objectContaining({ reason })]) : expect.any(Array),
      },
    },
  }),
});

describeDialect({
  name: "sample",
  start: startSampleEdge,
  credential: { "x-sample-key": apiKey },
  wrongCredential: { "x-sample-key": "unknown" },
  misplacedCredential: bearer,
  paths: {
    write: "/sample/notes",
    fail: "/sample/notes:fail",
    wait: "/sample/notes/dialect:await",
    stream: "/sample/notes:watch?up_to=2&fail_after=true",
    unknown: "/sample/nothing",
  },
  written: {
    request: { note: { note_text: "hello", author: { display_name: "Ann" } } },
    status: 201,
    response: {
      ok: true,
      result: { note: { note_text: "hello", tags: [], author: { display_name: "Ann" }, stars: null } },
    },
  },
  items: [1, 2].map((number) => ({ number, author: null })),
  write: ({ code, status, reason, message }) => ({
    status: [414, 415, 431].includes(status) ? 400 : status,
    body: { ok: false, problem: { number: -code, reason: reason ?? null, text: matching(message) } },
  }),
});
