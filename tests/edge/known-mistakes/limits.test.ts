import { once } from "node:events";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { connectPeer, SETTINGS, WINDOW_UPDATE } from "../abuse/lib/http2-peer.ts";
import { http1, http2, rawBytes } from "../lib/raw-http.ts";
import { bearer, startTestEdge, type TestEdge } from "../lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  // grpc-gateway has no default deadline.
  test("OK: a call has a deadline when its caller asks for none", async () => {
    const sent = { method: "POST", headers: { ...json, ...bearer }, body: "{}" };
    const { timeoutMs } = JSON.parse((await send(edge.port, "/test/v1/echo", sent)).body);
    expect(timeoutMs).toBeGreaterThan(10_000);
    expect(timeoutMs).toBeLessThanOrEqual(30_000);
  });

  // grpc-gateway has no limit, and vanguard-go's is 4 GiB.
  test("ContentTooLarge: a body over 4 MiB, announced or not", async () => {
    const body = Buffer.alloc(5_000_000, "x");
    for (const headers of [{ "content-length": String(body.length) }, {}]) {
      const sent = { method: "POST", headers: { ...json, ...bearer, ...headers }, body };
      const answer = await send(edge.port, "/test/v1/echo", sent);
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.body).error.details[0]).toMatchObject({
        reason: "REQUEST_TOO_LARGE",
        metadata: { limit: "4194304" },
      });
    }
  });
});

const tooLarge = wrap(0, Buffer.alloc(5 * mebibyte));
const expected = "the message is larger than 4194304 bytes";

// With such a limit, connect-node never ends these calls over HTTP/2.
describe.each(["application/connect+proto", "application/grpc", "application/grpc-web+proto"])(
  "%s over HTTP/2",
  (contentType) => {
    test.each([
      ["ends with it", true],
      ["stays open", false],
    ])("ResourceExhausted: a stream whose message is over the limit, and which %s", async (_, ends) => {
      const session = connect(edge.url);
      const stream = session.request({
        ":method": "POST",
        ":path": "/sluice.test.v1.EchoService/Sum",
        "content-type": contentType,
        te: "trailers",
      });
      let trailers: Record<string, unknown> = {};
      stream.on("trailers", (received) => {
        trailers = received;
      });
      stream.write(tooLarge);
      if (ends) stream.end();
      const [headers] = await once(stream, "response");
      const body = await buffer(stream);
      session.destroy();
      expect(headers[":status"]).toBe(200);
      expect(`${body} ${trailers["grpc-message"]}`).toContain(expected);
    });
  },
);

// Over HTTP/1.1, connect-node resets the connection, so the response is lost.
test.each([
  ["application/connect+proto", "/sluice.test.v1.EchoService/Sum", expected],
  ["application/grpc-web+proto", "/sluice.test.v1.EchoService/Sum", expected],
  ["application/x-ndjson", "/test/v1/sum", "a line of the body is larger than 4194304 bytes"],
])(
  "ResourceExhausted: %s over HTTP/1.1 is answered, although more is on its way",
  async (type, path, text) => {
    const body = Buffer.concat([tooLarge, Buffer.alloc(3 * mebibyte)]);
    const length = `Content-Length: ${body.byteLength}\r\nConnection: close`;
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`;
    // A reset connection would reject.
    expect(await rawBytes(edge.port, head, body)).toContain(text);
  },
);

const initialWindowSize = 4;

// connect-node keeps Node's windows of 64 KiB, so an upload waits for a round trip after each.
test("OK: HTTP/2 lets a caller send far more than 64 KiB ahead, of one stream and of a connection", async () => {
  using peer = await connectPeer(edge.port);
  await peer.reached();
  const settings = peer.received.filter(({ type, flags }) => type === SETTINGS && flags === 0);
  const pairs = settings.flatMap(({ payload }) =>
    Array.from({ length: payload.byteLength / 6 }, (_, index) => [
      payload.readUInt16BE(index * 6),
      payload.readUInt32BE(index * 6 + 2),
    ]),
  );
  expect(Object.fromEntries(pairs)[initialWindowSize]).toBe(mebibyte);
  const updates = peer.received.filter(({ type, stream }) => type === WINDOW_UPDATE && stream === 0);
  const added = updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  // The initial window of HTTP/2 is one byte less than 64 KiB.
  expect(64 * kibibyte - 1 + added).toBe(16 * mebibyte);
});
