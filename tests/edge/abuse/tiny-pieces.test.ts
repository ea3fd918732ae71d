import { once } from "node:events";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { SumRequestSchema, SumResponseSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { bearer } from "../lib/test-edge.ts";
import { type EdgeProcess, startEdgeProcess } from "./lib/edge-process.ts";
import {
  ACK,
  connectPeer,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  RST_STREAM,
  requestBlock,
  SETTINGS,
} from "./lib/http2-peer.ts";

// Bodies in chunks of one byte. Each costs the edge as much as a chunk of some hundred bytes.

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

const mebibyte = 2 ** 20;
const service = "/sluice.test.v1.EchoService";
/** Maximum processor time for a body of a mebibyte, honest callers included. Without the limit it was over ten seconds. */
const processorMsMax = 8_000;

/** Tens of thousands of unread chunks are buffered as separate objects. */
const growthBytesMax = 128 * mebibyte;

type Sent = { path: string; contentType: string; body: Buffer };

const textOf = (bytes: number) => JSON.stringify({ text: "x".repeat(bytes) });
const bodies: [string, Sent][] = [
  [
    "a message",
    { path: "/test/v1/echo", contentType: "application/json", body: Buffer.from(textOf(mebibyte)) },
  ],
  [
    "an RPC's message",
    { path: `${service}/Echo`, contentType: "application/json", body: Buffer.from(textOf(mebibyte)) },
  ],
  ["an upload", { path: "/test/v1/uploads?name=x", contentType: "text/plain", body: Buffer.alloc(mebibyte) }],
  [
    "lines",
    {
      path: "/test/v1/sum",
      contentType: "application/x-ndjson",
      body: Buffer.from('{"number":1}\n'.repeat(80_000)),
    },
  ],
  [
    "a stream",
    {
      path: `${service}/Sum`,
      contentType: "application/connect+json",
      body: wrap(0, Buffer.from(textOf(mebibyte))),
    },
  ],
];

/** Sends each byte in a separate chunk. */
async function overHttp1({ path, contentType, body }: Sent): Promise<string> {
  const chunks = Buffer.from("1\r\nx\r\n".repeat(body.byteLength), "latin1");
  for (const [index, byte] of body.entries()) chunks[6 * index + 3] = byte;
  const socket = connect(edge.port, "127.0.0.1");
  // The edge may respond and close the connection before it has received everything.
  socket.on("error", () => undefined);
  const received: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => received.push(bytes));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: x",
    `Authorization: ${bearer.authorization}`,
    `Content-Type: ${contentType}`,
    "Transfer-Encoding: chunked",
    "Connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.write(chunks);
  socket.write("0\r\n\r\n");
  await closed;
  return Buffer.concat(received).toString();
}

/** Sends each byte in a separate frame. */
const overHttp2 = (sent: Sent): Promise<string> => inFrames(sent, 1);

async function inFrames({ path, contentType, body }: Sent, frameBytes: number): Promise<string> {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.byteLength; at += frameBytes) {
    frames.push(frame(DATA, 0, 1, body.subarray(at, at + frameBytes)));
  }
  // Prepared before the call, because this process also runs identity, which has to respond within seconds.
  const data = Buffer.concat([...frames, frame(DATA, END_STREAM, 1)]);
  using peer = await connectPeer(edge.port);
  // The edge's larger windows apply after its SETTINGS are acknowledged.
  await peer.reached();
  await peer.send(frame(SETTINGS, ACK, 0));
  const headers: [string, string][] = [
    ["authorization", bearer.authorization],
    ["content-type", contentType],
  ];
  await peer.send(frame(HEADERS, END_HEADERS, 1, requestBlock("POST", path, headers)));
  peer.socket.write(data);
  const isOver = () =>
    peer.socket.destroyed ||
    peer.received.some(
      ({ type, flags, stream }) => stream === 1 && (type === RST_STREAM || (flags & END_STREAM) !== 0),
    );
  await expect.poll(isOver, { timeout: 60_000 }).toBe(true);
  return peer.received.map(({ payload }) => payload.toString()).join("");
}

describe.each([
  ["HTTP/1.1", overHttp1],
  ["HTTP/2", overHttp2],
] as const)("%s", (_, send) => {
  test.each(bodies)("ResourceExhausted: %s, byte by byte", async (_, sent) => {
    const before = await edge.processorMs();
    const answer = await edge.withstand(() => send(sent), growthBytesMax);
    expect((await edge.processorMs()) - before).toBeLessThan(processorMsMax);
    expect(answer).toContain("the body comes in more than 16384 pieces of fewer than 16 bytes");
  });
});

test("OK: a stream of small messages, each in a frame of its own", async () => {
  const message = wrap(0, toBinary(SumRequestSchema, create(SumRequestSchema, { number: 1 })));
  const body = Buffer.concat(Array(40_000).fill(message));
  const sent = { path: `${service}/Sum`, contentType: "application/connect+proto", body };
  const answer = await edge.withstand(() => inFrames(sent, message.byteLength));
  const sum = toBinary(SumResponseSchema, create(SumResponseSchema, { sum: 40_000n }));
  expect(answer).toContain(Buffer.from(sum).toString());
});
