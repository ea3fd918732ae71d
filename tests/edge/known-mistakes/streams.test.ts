import { once } from "node:events";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { type handleServerStreamingCall, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { FaultService } from "../../../gen/sluice/faults/v1/faults_pb.ts";
import { contentOf } from "../lib/echo-backend.ts";
import { serveFaults } from "../lib/fault-backend.ts";
import { http1, http2 } from "../lib/raw-http.ts";
import { startTestEdge, type TestEdge } from "../lib/test-edge.ts";

const mebibyte = 1024 * 1024;

/** Sends its headers, and waits for the gate. */
const gate = Promise.withResolvers<void>();
const failLate: handleServerStreamingCall<Buffer, Buffer> = async (call) => {
  call.sendMetadata(new Metadata());
  await gate.promise;
  call.end();
};

const stack = new AsyncDisposableStack();
let edge: TestEdge;
beforeAll(async () => {
  const patient = stack.use(await serveFaults({ failLate }));
  edge = stack.use(await startTestEdge({ services: [FaultService], upstreams: { faults: patient.address } }));
});
afterAll(() => stack.disposeAsync());

const message = (number: number) => ({ number, padding: "" });
const aborted = { code: 409, status: "ABORTED", message: "counted enough", details: [] };

const texts = (body: string, prefix = "") =>
  body
    .split("\n")
    .filter((line) => line !== "" && line.startsWith(prefix))
    .map((line) => JSON.parse(line.slice(prefix.length)));

/** Parsers of a stream's body by media type. */
const formats: [type: string, read: (body: string) => unknown[]][] = [
  ["application/json", (body) => JSON.parse(body)],
  ["application/x-ndjson", (body) => texts(body)],
  ["text/event-stream", (body) => texts(body, "data: ")],
];

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const count = (query: string, accept: string) =>
    send(edge.port, `/test/v1/count?${query}`, { headers: { accept } });

  // vanguard-go supports only server streams of google.api.HttpBody.
  test.each(formats)("OK: a server stream of messages is answered as %s", async (type, read) => {
    const { headers, body } = await count("up_to=3", type);
    expect([headers["content-type"], read(body)]).toEqual([type, [1, 2, 3].map(message)]);
  });

  // In Envoy, the stream ends there as if it were complete.
  test.each(formats)("Aborted: an error after the start is told in %s", async (type, read) => {
    const { body } = await count("up_to=1&fail_after=true", type);
    expect(read(body)).toEqual([message(1), { error: aborted }]);
    expect(body.includes("event: error\n")).toBe(type === "text/event-stream");
  });

  // grpc-gateway adds a line feed to each chunk.
  test("OK: nothing is added to the chunks of an HttpBody", async () => {
    const { headers, bytes } = await send(edge.port, `/test/v1/downloads/${mebibyte}`);
    expect(headers["content-length"]).toBe(String(mebibyte));
    expect(bytes.equals(contentOf(mebibyte))).toBe(true);
  });
});

test("DataLoss: a download that fails on its way is seen to be cut short", async () => {
  const path = `/test/v1/downloads/${2 * mebibyte}?fail_after=${mebibyte}`;
  await expect(fetch(edge.url + path).then((response) => response.arrayBuffer())).rejects.toThrow();
  const session = connect(edge.url);
  const stream = session.request({ ":path": path });
  await expect(buffer(stream)).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
  session.close();
});

// In connect-node, they wait for the first message.
describe("the headers of a server stream come before its first message", () => {
  afterAll(() => gate.resolve());

  const rest = "/faults/v1/fail:late";
  const rpc = "/sluice.faults.v1.FaultService/FailLate";
  const json = "application/json";
  const envelope = wrap(0, new Uint8Array());
  const requests: [contentType: string, path: string, accept: string, body: string | Buffer][] = [
    ...formats.map(([type]) => [json, rest, type, "{}"] as [string, string, string, string]),
    ["application/connect+proto", rpc, "*/*", envelope],
    ["application/grpc-web+proto", rpc, "*/*", envelope],
    ["application/grpc", rpc, "*/*", envelope],
  ];

  test.each(requests)("200: over HTTP/2, %s to %s, as %s", async (contentType, path, accept, body) => {
    const session = connect(edge.url);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": contentType,
      accept,
      te: "trailers",
    });
    stream.end(body);
    const [headers] = await once(stream, "response");
    expect(headers[":status"]).toBe(200);
    session.destroy();
  });

  const overHttp1 = requests.filter(([contentType]) => contentType !== "application/grpc");
  test.each(overHttp1)("200: over HTTP/1.1, %s to %s, as %s", async (contentType, path, accept, body) => {
    const stop = new AbortController();
    const response = await fetch(edge.url + path, {
      method: "POST",
      headers: { "content-type": contentType, accept },
      body: typeof body === "string" ? body : new Uint8Array(body),
      signal: stop.signal,
    });
    expect(response.status).toBe(200);
    stop.abort();
  });
});
