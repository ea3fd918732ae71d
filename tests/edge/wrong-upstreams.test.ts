import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { wrap } from "../../edge/codec/envelope.ts";
import { flags, frameTypes } from "../../edge/http2-client/frames.ts";
import { createHeaderEncoder } from "../../edge/http2-client/hpack/encode-headers.ts";
import { ReadRequestSchema, ReadResponseSchema } from "../../gen/sluice/test/v1/resilience_pb.ts";
import { frameOf, type ScriptedServer, startScriptedServer } from "./http2-client/lib/scripted-server.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { startEdgeBefore } from "./lib/resilience.ts";

// Broken or hostile responses of a service: its caller gets at most an error, and other callers notice nothing.

type HeaderLists = Record<string, string | string[]>;

/** Short, so that retries give up soon. */
const restartMs = 500;

const { data, headers } = frameTypes;
const encode = createHeaderEncoder({});
const headersOf = (streamId: number, list: HeaderLists, more = 0) =>
  frameOf(headers, flags.endHeaders | more, streamId, encode(list));

const head = { ":status": "200", "content-type": "application/grpc" };
const well = { "grpc-status": "0" };
const message = wrap(0, toBinary(ReadResponseSchema, create(ReadResponseSchema, { server: "scripted" })));

/** A response of a service. */
type Said = {
  readonly headers?: HeaderLists;
  readonly content?: Buffer;
  readonly trailers?: HeaderLists;
  /** Whether the connection ends in place of the trailers. */
  readonly ends?: boolean;
};

/** Handles the health watch, which comes first, and the first call. */
async function answer(server: ScriptedServer, said: Said): Promise<void> {
  const watch = await server.next(headers);
  await server.send(headersOf(watch.streamId, { ...head, "grpc-status": "12" }, flags.endStream));
  const { streamId } = await server.next(headers);
  await server.send(
    headersOf(streamId, { ...head, ...said.headers }),
    frameOf(data, 0, streamId, said.content ?? message),
  );
  if (said.ends) (await server.socket).end();
  else await server.send(headersOf(streamId, said.trailers ?? well, flags.endStream));
}

const grpc = (method: string) => (port: number) =>
  http2(port, `/sluice.test.v1.ResilienceService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/grpc", te: "trailers" },
    body: wrap(0, toBinary(ReadRequestSchema, create(ReadRequestSchema, { key: "k" }))),
  });

const callers: readonly (readonly [name: string, call: (port: number) => Promise<RawResponse>])[] = [
  ["a stream over gRPC", grpc("Follow")],
  ["a call over gRPC", grpc("Read")],
  ["a stream over REST", (port) => http1(port, "/test/v1/resilience/k:follow")],
  ["a call over REST, HTTP/2", (port) => http2(port, "/test/v1/resilience/k")],
];

/** Makes a call to which a service responds with `said`. Expects that the edge keeps working. */
async function called(call: (port: number) => Promise<RawResponse>, said: Said): Promise<RawResponse> {
  await using server = await startScriptedServer();
  await using edge = await startEdgeBefore([`127.0.0.1:${server.port}`], { restartMs });
  const [answered] = await Promise.all([call(edge.port), answer(server, said)]);
  expect((await http1(edge.port, "/nothing")).status).toBe(404);
  return answered;
}

const codeOf = ({ headers, trailers }: RawResponse) => trailers["grpc-status"] ?? headers["grpc-status"];

describe.each(callers)("%s", (_, call) => {
  test.each<[string, HeaderLists]>([
    ["constructor", { constructor: "x" }],
    ["__proto__", { ["__proto__"]: "x" }],
    ["hasownproperty", { hasownproperty: "x" }],
    ["ETag, twice", { etag: ["a", "b"] }],
    ["Location, twice", { location: ["a", "b"] }],
    ["HTTP2-Settings", { "http2-settings": "AAMAAABk" }],
  ])("has an answer of a service whose headers and trailers have %s", async (_title, odd) => {
    const { status } = await called(call, { headers: odd, trailers: { ...well, ...odd } });
    expect(status).toBe(200);
  });
});

test("OK: a header that is called as an object's own member is passed on", async () => {
  const { headers, trailers } = await called(grpc("Follow"), {
    headers: { constructor: "x" },
    trailers: { ...well, "x-end": "y" },
  });
  expect([headers.constructor, trailers["x-end"], trailers["grpc-status"]]).toEqual(["x", "y", "0"]);
});

describe.each([
  ["a stream", "Follow"],
  ["a call", "Read"],
])("%s", (_, method) => {
  test.each<[string, Said, string]>([
    ["Internal: half a message", { content: message.subarray(0, 4) }, "13"],
    ["Internal: a message that is compressed", { content: wrap(1, Buffer.from("x")) }, "13"],
    [
      "Unavailable: a connection that ends within a message",
      { content: message.subarray(0, 4), ends: true },
      "14",
    ],
    ["Unknown: a status that is empty", { trailers: { "grpc-status": "" } }, "2"],
    ["Unknown: a status that is no number", { trailers: { "grpc-status": "well" } }, "2"],
  ])("%s", async (_title, said, code) => {
    expect(codeOf(await called(grpc(method), said))).toBe(code);
  });
});

test("Internal: a message that can't be decoded, where the caller wants JSON", async () => {
  const inJson = (port: number) =>
    http2(port, "/sluice.test.v1.ResilienceService/Follow", {
      method: "POST",
      headers: { "content-type": "application/connect+json" },
      body: wrap(0, Buffer.from('{"key":"k"}')),
    });
  const { status, body } = await called(inJson, { content: wrap(0, Buffer.of(0xff)) });
  expect([status, body]).toEqual([200, expect.stringContaining('"code":"internal"')]);
});

test("CANCEL: a watch of a service's health that says more than it may", async () => {
  await using server = await startScriptedServer();
  await using edge = await startEdgeBefore([`127.0.0.1:${server.port}`], { restartMs });
  const call = grpc("Read")(edge.port);
  const { streamId } = await server.next(headers);
  const tooMuch = wrap(0, Buffer.alloc(2_000));
  await server.send(headersOf(streamId, head), frameOf(data, 0, streamId, tooMuch));
  const reset = await server.next(frameTypes.rstStream);
  expect([reset.streamId, reset.payload.readUInt32BE()]).toEqual([streamId, 8]);
  (await server.socket).destroy();
  expect(codeOf(await call)).toBe("14");
});
