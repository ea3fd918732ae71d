import { expect } from "vitest";
import { cdap } from "../../../edge/dialects/cdap.ts";
import { describeDialect } from "../../edge/lib/dialect-suite.ts";
import { notesBelow } from "../../edge/lib/moved-notes.ts";
import { startSampleEdge } from "../../edge/lib/sample-api.ts";
import { apiKey, bearer } from "../../edge/lib/test-edge.ts";

const statuses = [400, 403, 404, 409, 413, 429, 500, 501, 503];
const unavailable = "Service 'sluice' is not available. Please wait until it is up and running.";

/** Statuses and texts that are this system's own; others are the status of HTTP and the text of the error. */
function textOf(status: number, reason: string | undefined, message: string | RegExp): [number, unknown] {
  if (reason === "METHOD_UNKNOWN") return [404, "Problem accessing: /v3/nothing. Reason: Not Found"];
  if (status === 405) return [405, "Problem accessing: /v3/notes. Reason: Method Not Allowed"];
  // The refusal of a connection knows no service that is away.
  if (reason === "UPSTREAM_UNAVAILABLE" || reason === "SERVICE_BUSY") return [503, unavailable];
  if (status === 504) return [503, unavailable];
  if (status === 412) return [409, matching(message)];
  return [statuses.includes(status) ? status : 400, matching(message)];
}

const matching = (message: string | RegExp): unknown =>
  typeof message === "string" ? message : expect.stringMatching(message);

describeDialect({
  name: "cdap",
  start: (options) => startSampleEdge({ compatApis: [notesBelow("/v3", cdap)], ...options }),
  credential: bearer,
  wrongCredential: { authorization: "Bearer unknown" },
  misplacedCredential: { "x-api-key": apiKey },
  paths: {
    write: "/v3/notes",
    fail: "/v3/notes:fail",
    wait: "/v3/notes/dialect:await",
    stream: "/v3/notes:watch?up_to=2&fail_after=true",
    unknown: "/v3/nothing",
  },
  written: {
    request: { note: { note_text: "hello", author: { display_name: "Ann" } } },
    status: 200,
    response: { note: { note_text: "hello", tags: [], author: { display_name: "Ann" } } },
  },
  items: [1, 2].map((number) => ({ number })),
  write: ({ status, reason, message }) => {
    if (status !== 401) {
      const [own, body] = textOf(status, reason, message);
      return { status: own, body, isText: true };
    }
    const auth_uri = [expect.stringMatching(/^http:\/\/[\w.:]+\/token$/)];
    if (reason === "CREDENTIAL_MISSING") return { status, body: { auth_uri } };
    const body = { error: "invalid_token", error_description: matching(message), auth_uri };
    return { status, body };
  },
});
