import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { CountRequestSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { http1 } from "../lib/raw-http.ts";
import { bearer, startTestEdge, type TestEdge } from "../lib/test-edge.ts";

import { connectPeer, END_HEADERS, END_STREAM, frame, HEADERS, requestBlock } from "./lib/http2-peer.ts";

// Clients that read nothing are disconnected. Clients that read slowly are not.

const pauseMs = 2000;
const padding = 20_000;
let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ limits: { pauseMs } });
});
afterAll(() => edge[Symbol.asyncDispose]());

const nothing = Buffer.alloc(0);

type Opened = { body: Readable; close(): void };

async function overHttp1(
  path: string,
  method = "GET",
  headers = {},
  sent: Uint8Array = nothing,
): Promise<Opened> {
  const request = http1Request({ host: "127.0.0.1", port: edge.port, path, method, headers, agent: false });
  request.on("error", () => undefined);
  request.end(sent);
  const [body] = (await once(request, "response")) as [IncomingMessage];
  body.on("error", () => undefined);
  return { body, close: () => request.destroy() };
}

async function overHttp2(
  path: string,
  method = "GET",
  headers = {},
  sent: Uint8Array = nothing,
): Promise<Opened> {
  const session: ClientHttp2Session = connectHttp2(edge.url);
  const stream: ClientHttp2Stream = session.request({ ":path": path, ":method": method, ...headers });
  stream.on("error", () => undefined);
  if (!stream.writableEnded) stream.end(sent);
  await once(stream, "response");
  return { body: stream, close: () => session.destroy() };
}

const rpc = (open: typeof overHttp1, contentType: string) => (key: string) => {
  const message = create(CountRequestSchema, { key, padding });
  const body = wrap(0, Buffer.from(toBinary(CountRequestSchema, message)));
  const headers = { "content-type": contentType, "content-length": String(body.byteLength) };
  return open("/sluice.test.v1.EchoService/Count", "POST", headers, body);
};
const rest = (open: typeof overHttp1) => (key: string) =>
  open(`/test/v1/count?key=${key}&padding=${padding}`);

const counts: [name: string, open: (key: string) => Promise<Opened>][] = [
  ["REST-over-HTTP-1", rest(overHttp1)],
  ["REST-over-HTTP-2", rest(overHttp2)],
  ["Connect-over-HTTP-1", rpc(overHttp1, "application/connect+proto")],
  ["Connect-over-HTTP-2", rpc(overHttp2, "application/connect+proto")],
  ["gRPC-Web-over-HTTP-1", rpc(overHttp1, "application/grpc-web+proto")],
  ["gRPC-over-HTTP-2", rpc(overHttp2, "application/grpc+proto")],
];

describe.each(counts)("%s", (name, open) => {
  test("Canceled: the stream of a reader who takes nothing", async () => {
    const key = `stuck-${name}`;
    const { close } = await open(key);
    await edge.happenings.cancelled(key);
    expect((await http1(edge.port, "/health")).status).toBe(200);
    close();
  });

  test("OK: a reader who takes a little at a time for long", async () => {
    const key = `slow-${name}`;
    const { body, close } = await open(key);
    const cut = edge.happenings.cancelled(key).then(() => "cut off");
    const startMs = performance.now();
    // Much longer than the limit without reads. Kernels buffer megabytes and report reads in batches.
    while (performance.now() - startMs < 1.5 * pauseMs) {
      body.read();
      expect(await Promise.race([cut, wait(5, "going on")])).toBe("going on");
    }
    close();
    await cut;
  });
});

/** Pipelines requests without reading. Several, because kernels can buffer tens of megabytes of responses. */
async function askAhead(path: string, headers: Record<string, string>, sent: Buffer, times: number) {
  const socket = connect(edge.port, "127.0.0.1").pause();
  socket.on("error", () => undefined);
  const head = Object.entries({ host: "x", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const asked = Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join("")}\r\n`), sent]);
  for (let time = 0; time < times; time += 1) socket.write(asked);
  return { close: () => socket.destroy() };
}

test.each<[string, (...asked: [string, Record<string, string>, Buffer]) => Promise<Pick<Opened, "close">>]>([
  ["HTTP/1.1", (...asked) => askAhead(...asked, 12)],
  ["HTTP/2", (path, headers, sent) => overHttp2(path, "POST", headers, sent)],
])("ended: the whole answer of a reader who takes nothing, over %s", async (_, ask) => {
  const sent = Buffer.from(JSON.stringify({ text: "x".repeat(4_000_000) }));
  const length = String(sent.byteLength);
  const before = edge.log.length;
  const { close } = await ask(
    "/test/v1/echo",
    { ...bearer, "content-type": "application/json", "content-length": length },
    sent,
  );
  await expect
    .poll(() => edge.log.slice(before))
    .toContainEqual(expect.objectContaining({ route: "/test/v1/echo", complete: false }));
  close();
});

test("ended: a connection whose peer answers no PING, because it does not read or is in the middle of headers", async () => {
  await using own = await startTestEdge({ limits: { headersMs: 1_000 } });
  const waiting = (key: string) =>
    frame(HEADERS, END_HEADERS | END_STREAM, 1, requestBlock("GET", `/test/v1/wait/${key}`));
  using silent = await connectPeer(own.port);
  await silent.send(waiting("silent"));
  using halfway = await connectPeer(own.port);
  await halfway.send(waiting("halfway"), frame(HEADERS, END_STREAM, 3, requestBlock("GET", "/health")));
  const session = connectHttp2(own.url);
  const patient = session.request({ ":path": "/test/v1/wait/patient" });
  await own.happenings.begun("patient");
  await Promise.all([silent.ended(), halfway.ended()]);
  await own.happenings.cancelled("silent");
  await own.happenings.cancelled("halfway");
  // A client that answers PINGs can wait for any time.
  expect(session.closed || session.destroyed).toBe(false);
  patient.close();
  session.destroy();
});
