import { expect } from "vitest";
import { gateway } from "../../../edge/dialects/gateway.ts";
import { describeDialect } from "../../edge/lib/dialect-suite.ts";
import { notesBelow } from "../../edge/lib/moved-notes.ts";
import { startSampleEdge } from "../../edge/lib/sample-api.ts";
import { apiKey, bearer } from "../../edge/lib/test-edge.ts";

/** Statuses and texts that are this system's own; others are the status of HTTP and the text of the error. */
function detailOf(status: number, reason: string | undefined, message: string | RegExp): [number, unknown] {
  if (reason === "CREDENTIAL_MISSING") return [401, "Missing Authorization Header"];
  if (reason === "CREDENTIAL_INVALID") return [422, matching(message)];
  if (reason === "METHOD_UNKNOWN") return [404, "Not Found"];
  if (status === 405) return [405, "Method Not Allowed"];
  if (status === 500) return [500, "Service error"];
  if (status === 503 || status === 504) return [503, "Service is unavailable"];
  if (status === 415) return [422, matching(message)];
  return [status, matching(message)];
}

const matching = (message: string | RegExp): unknown =>
  typeof message === "string" ? message : expect.stringMatching(message);

describeDialect({
  name: "gateway",
  start: (options) => startSampleEdge({ compatApis: [notesBelow("/api_v1", gateway)], ...options }),
  credential: bearer,
  wrongCredential: { authorization: "Bearer unknown" },
  misplacedCredential: { "x-api-key": apiKey },
  paths: {
    write: "/api_v1/notes",
    fail: "/api_v1/notes:fail",
    wait: "/api_v1/notes/dialect:await",
    stream: "/api_v1/notes:watch?up_to=2&fail_after=true",
    unknown: "/api_v1/nothing",
  },
  written: {
    request: { note: { note_text: "hello", author: { display_name: "Ann" } } },
    status: 200,
    response: { note: { note_text: "hello", tags: [], author: { display_name: "Ann" }, stars: null } },
  },
  items: [1, 2].map((number) => ({ number, author: null })),
  write: ({ status, reason, message }) => {
    const isMalformed = typeof message !== "string" && message.source.startsWith("^body: is not JSON");
    const [own, detail] = detailOf(isMalformed ? 422 : status, reason, message);
    return { status: own, body: { detail } };
  },
});
