import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rawBytes } from "../lib/raw-http.ts";
import { type EdgeProcess, startEdgeProcess } from "./lib/edge-process.ts";

// Clients of HTTP/1.1 that pipeline requests.

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

const get = (path: string, ...headers: string[]) =>
  [`GET ${path} HTTP/1.1`, "Host: x", ...headers, "", ""].join("\r\n");
const times = (count: number, request: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => request(index)).join("");

/** Writes without reading until the edge closes the connection. Without reads, only a write notices that. */
async function pipeline(sent: string): Promise<void> {
  const socket = connect(edge.port, "127.0.0.1").pause();
  socket.on("error", () => undefined);
  await once(socket, "connect");
  while (socket.writable) await new Promise((resolve) => socket.write(sent, resolve));
}

test.each<[string, (index: number) => string]>([
  ["quick", (index) => get(`/test/v1/look/n${index}`)],
  ["large", (index) => get(`/test/v1/downloads/1000000?n=${index}`)],
  ["slow", () => get("/test/v1/wait/pipelined")],
])("ended: 20,000 requests on a connection that reads no answer, to a %s method", async (_, request) => {
  const sent = times(20_000, request);
  await edge.withstand(() => pipeline(sent));
  expect(edge.happenings.mostAtOnce("pipelined")).toBeLessThanOrEqual(1);
});

test("ended: the same from ten connections", async () => {
  const sent = times(20_000, () => get("/test/v1/wait/many"));
  const callers = () => Promise.all(Array.from({ length: 10 }, () => pipeline(sent)));
  // Node parses a whole chunk at once, so each connection holds some thousand requests for a moment.
  await edge.withstand(callers, 128 * 2 ** 20);
  expect(edge.happenings.mostAtOnce("many")).toBeLessThanOrEqual(10);
});

test("OK: requests that were sent ahead are answered in their order", async () => {
  const sent = times(100, (index) => get(`/test/v1/look/n${index}`));
  const answer = await rawBytes(edge.port, sent, get("/test/v1/look/last", "Connection: close"));
  const names = [...answer.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name);
  expect(names).toEqual([...Array.from({ length: 100 }, (_, index) => `n${index}`), "last"]);
});

test("OK: requests behind one that a caller has broken off are not begun", async () => {
  const socket = connect(edge.port, "127.0.0.1");
  socket.write(get("/test/v1/wait/first") + get("/test/v1/wait/second"));
  await edge.happenings.begun("first");
  socket.destroy();
  await edge.happenings.cancelled("first");
  await edge.withstand(() => Promise.resolve());
  expect(edge.happenings.mostAtOnce("second")).toBe(0);
});

test("OK: nothing is answered behind an answer that ends the connection", async () => {
  const answer = await rawBytes(edge.port, get("/health", "Connection: close"), get("/health"));
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});
