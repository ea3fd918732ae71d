import { expect } from "vitest";
import { rivergen } from "../../../edge/dialects/rivergen.ts";
import { describeDialect } from "../../edge/lib/dialect-suite.ts";
import { notesBelow } from "../../edge/lib/moved-notes.ts";
import { startSampleEdge } from "../../edge/lib/sample-api.ts";
import { apiKey, bearer } from "../../edge/lib/test-edge.ts";

const prefix = "/rivergen";

/** The dialect at paths of its own: a port decides on it otherwise. */
const notes = notesBelow(prefix, { ...rivergen, owns: (path) => path.startsWith(`${prefix}/`) });

/** Statuses that RiverGen does not have, and its codes. */
const statuses: Readonly<Record<number, number>> = { 412: 409, 504: 503 };
const codes: Readonly<Record<number, string>> = {
  403: "PERMISSION_DENIED",
  404: "RESOURCE_NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT",
  413: "REQUEST_ENTITY_TOO_LARGE",
  429: "RATE_LIMIT_EXCEEDED",
  500: "INTERNAL_ERROR",
  503: "SERVICE_UNAVAILABLE",
};

describeDialect({
  name: "rivergen",
  start: (options) => startSampleEdge({ compatApis: [notes], ...options }),
  credential: bearer,
  wrongCredential: { authorization: "Bearer unknown" },
  misplacedCredential: { "x-api-key": apiKey },
  paths: {
    write: `${prefix}/notes`,
    fail: `${prefix}/notes:fail`,
    wait: `${prefix}/notes/dialect:await`,
    stream: `${prefix}/notes:watch?up_to=2&fail_after=true`,
    unknown: `${prefix}/nothing`,
  },
  written: {
    request: { note: { note_text: "hello", author: { display_name: "Ann" } } },
    status: 200,
    response: { note: { note_text: "hello", tags: [], author: { display_name: "Ann" }, stars: null } },
  },
  items: [1, 2].map((number) => ({ number, author: null })),
  write: ({ status: given, reason, message }) => {
    const status = statuses[given] ?? given;
    const auth = reason === "CREDENTIAL_MISSING" ? "AUTH_REQUIRED" : "AUTH_INVALID";
    const code = status === 401 ? auth : (codes[status] ?? "VALIDATION_ERROR");
    return {
      status,
      body: {
        error: {
          code,
          message: typeof message === "string" ? message : expect.stringMatching(message),
          details: expect.objectContaining({ field: expect.toBeOneOf([null, expect.any(String)]) }),
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
      },
    };
  },
});
