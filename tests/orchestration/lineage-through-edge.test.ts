import { afterAll, beforeAll, expect, test } from "vitest";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { startTestEdge, type TestEdge, tokenOf } from "../edge/lib/test-edge.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { configOf, type Orchestration, startOrchestration, type User } from "./orchestration.ts";

// Events as OpenLineage's clients send them, over REST.

const stack = new AsyncDisposableStack();
let mesh: Orchestration;
let edge: TestEdge;
beforeAll(async () => {
  mesh = stack.use(await startOrchestration());
  const folder = stack.use(await temporaryFolder());
  const config = configOf({ databaseUrl: mesh.config.databaseUrl, folder: folder.path, peers: mesh.peers });
  const service = stack.use(await startService(run, config));
  edge = stack.use(
    await startTestEdge({ services: [LineageService], upstreams: { orchestration: service.address } }),
  );
});
afterAll(() => stack.disposeAsync());

/** A facet that doubles, sorted keys or normalised text would change. */
const facet =
  '{ "_producer":"https://example.com",\t"rows": 123456789012345678901234567890, "ratio":0.10, "exponent": 1E400,\n' +
  ' "minus": -0, "text": "\\u00e9 \\u0000 \\ud83d\\ude00 é", "nested":{"z":1,"a":[1.0,2]} }';

const eventText = (runId: string, more = "") =>
  `{"run":{"runId":"${runId}","facets":{"verbatim": ${facet}}},"eventType":"COMPLETE",` +
  `"eventTime":"2026-11-20T10:00:00.1234567Z","job":{"namespace":"etl","name":"copy"},` +
  `"inputs":[{"namespace":"db","name":"a"}],"outputs":[{"namespace":"db","name":"b"}]${more} }`;

const request = (user: User, path: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(edge.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...tokenOf(user.who.orgId, user.who.userId),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });

test("OK: an event is returned byte for byte, with digits beyond a double's", async () => {
  const user = mesh.user();
  const text = `\n ${eventText("0193a5c0-0000-7000-8000-000000000001")}\r\n`;
  const posted = await request(user, "/api/v1/lineage", text);
  const { eventId, nodes } = (await posted.json()) as { eventId: string; nodes: unknown[] };
  expect([posted.status, nodes.length]).toEqual([201, 3]);
  const read = await request(user, `/api/v1/lineage-events/${eventId}`);
  expect([read.status, read.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(Buffer.from(await read.arrayBuffer()).equals(Buffer.from(text))).toBe(true);
});

test("OK: events of a batch are returned byte for byte, and a broken one keeps none out", async () => {
  const user = mesh.user();
  const texts = [1, 2].map((number) => eventText(`0193a5c0-0000-7000-8000-00000000001${number}`));
  const nested = `${"[".repeat(200)}${"]".repeat(200)}`;
  const elements = [
    texts[0],
    '{"run" 1}',
    texts[1],
    eventText("x", `,"deep":${nested}`),
    '{"a":1,"a":2}',
    "",
  ];
  const response = await request(user, "/api/v1/lineage/batch", `[ ${elements.join(" ,\n")}]`);
  const { results, ...counts } = (await response.json()) as {
    results: { outcome: string; message?: string; eventId?: string }[];
  };
  expect(counts).toEqual({ recordedCount: 2, repeatedCount: 0, refusedCount: 4, pendingCount: 0 });
  expect(results.map(({ message }) => message ?? "")).toEqual([
    "",
    "event: is not JSON: unexpected character at position 7",
    "",
    "event: is nested deeper than 100",
    "a: is there more than once",
    "event: is not JSON: it ends early or is empty",
  ]);
  for (const [index, text] of [
    [0, texts[0]],
    [2, texts[1]],
  ] as const) {
    const read = await request(user, `/api/v1/lineage-events/${results[index]?.eventId}`);
    expect(await read.text()).toBe(text);
  }
});

test("OK: an event that differs in one digit of a large number is another event", async () => {
  const user = mesh.user();
  const runId = "0193a5c0-0000-7000-8000-000000000021";
  const other = eventText(runId).replace("567890, ", "567891, ");
  const ids: string[] = [];
  for (const text of [eventText(runId), other, eventText(runId).replaceAll(", ", ",")]) {
    const response = await request(user, "/api/v1/lineage", text);
    ids.push(((await response.json()) as { eventId: string }).eventId);
  }
  expect(new Set(ids).size).toBe(2);
  expect(ids[2]).toBe(ids[0]);
});

test("InvalidArgument: a body that is no event, no array, or no JSON; and the bytes in the query", async () => {
  const user = mesh.user();
  const refusals: [string, string, string][] = [
    ["/api/v1/lineage", "", "event: is required"],
    ["/api/v1/lineage", "[", "event: is not JSON: it ends early or is empty"],
    ["/api/v1/lineage?eventJson=e30=", "{}", "event_json: belongs into the body, not into the query"],
    ["/api/v1/lineage/batch", "{}", "events: must be a JSON array"],
    ["/api/v1/lineage/batch", "[]]", "events: must be a JSON array"],
    ["/api/v1/lineage/batch", " [ ] ", "events: must have 1 to 1000 elements"],
    ["/api/v1/lineage/batch", `[${"{},".repeat(1000)}{}]`, "events: must have 1 to 1000 elements"],
  ];
  for (const [path, body, message] of refusals) {
    const response = await request(user, path, body);
    const { error } = (await response.json()) as { error: { message: string } };
    expect([response.status, error.message]).toEqual([400, message]);
  }
  const form = await request(user, "/api/v1/lineage", "a=1", { "content-type": "text/plain" });
  expect(form.status).toBe(415);
});
