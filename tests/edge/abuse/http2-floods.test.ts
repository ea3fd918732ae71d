import { constants } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EdgeProcess, startEdgeProcess } from "./lib/edge-process.ts";
import {
  ACK,
  CONTINUATION,
  connectPeer,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headerBlock,
  type Peer,
  PING,
  PRIORITY,
  RST_STREAM,
  requestBlock,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from "./lib/http2-peer.ts";

// Floods on one HTTP/2 connection, which the edge ends.

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

const { NGHTTP2_ENHANCE_YOUR_CALM: calm, NGHTTP2_CANCEL: cancel } = constants;
const waiting = requestBlock("GET", "/test/v1/wait/flood");

/** Repetitions in one write, and the maximum of writes. */
const [atOnce, roundsMax] = [100, 50];

/** Sends until the edge closes the connection. Returns the code of its GOAWAY. With "wait", the client does not end it. */
async function flood(
  peer: Peer,
  frames: (round: number) => Buffer[],
  then: "wait" | "end" = "end",
): Promise<number | undefined> {
  for (let round = 0; round < roundsMax; round += 1) {
    if (!(await peer.send(...frames(round))) || !(await peer.reached())) break;
  }
  if (then === "end") peer.socket.end();
  return peer.ended();
}

const times = (count: number, one: (index: number) => Buffer[]): Buffer[] =>
  Array.from({ length: count }, (_, index) => one(index)).flat();

test("ENHANCE_YOUR_CALM: streams that are reset as soon as they began", async () => {
  const code = await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    return await flood(peer, (round) =>
      times(atOnce, (index) => {
        const stream = 2 * (round * atOnce + index) + 1;
        return [
          frame(HEADERS, END_HEADERS | END_STREAM, stream, waiting),
          frame(RST_STREAM, 0, stream, uint32(cancel)),
        ];
      }),
    );
  });
  expect(code).toBe(calm);
});

test("PROTOCOL_ERROR: streams that the caller makes the edge reset", async () => {
  const code = await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    return await flood(peer, (round) =>
      times(atOnce, (index) => {
        const stream = 2 * (round * atOnce + index) + 1;
        // A window update of zero is a stream error.
        return [
          frame(HEADERS, END_HEADERS | END_STREAM, stream, waiting),
          frame(WINDOW_UPDATE, 0, stream, uint32(0)),
        ];
      }),
    );
  });
  expect(code).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
});

test.each([
  ["PINGs", frame(PING, 0, 0, Buffer.alloc(8))],
  ["SETTINGS", frame(SETTINGS, 0, 0)],
])("ENHANCE_YOUR_CALM: a flood of %s", async (_, one) => {
  const code = await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    return await flood(peer, () => times(atOnce, () => [one]));
  });
  expect(code).toBe(calm);
});

test("ended: more PINGs at once than their answers could be kept", async () => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    peer.socket.write(Buffer.concat(times(50_000, () => [frame(PING, 0, 0, Buffer.alloc(8))])));
    await peer.ended();
  });
});

test("ended: empty frames of data", async () => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    const head = requestBlock("POST", "/test/v1/mirror");
    await peer.send(frame(HEADERS, END_HEADERS, 1, head));
    return await flood(peer, () => times(atOnce, () => [frame(DATA, 0, 1)]), "wait");
  });
});

test("ended: a header block that goes on for ever", async () => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    await peer.send(frame(HEADERS, END_STREAM, 1, waiting));
    const more = frame(CONTINUATION, 0, 1, headerBlock([["a", "b"]]));
    return await flood(peer, () => times(atOnce, () => [more]), "wait");
  });
});

test("ended: header blocks that become large only when they are unpacked", async () => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    // One table entry of 4000 bytes, followed by many references of one byte.
    const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, "x")]);
    await peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([waiting, entry])));
    const bomb = Buffer.concat([waiting, Buffer.alloc(8000, 0xbe)]);
    await flood(peer, (round) => [frame(HEADERS, END_HEADERS | END_STREAM, 2 * round + 3, bomb)]);
  });
});

const unknownType = 0xbb;

// Frames that only the library handles. They are cheap, and nothing is stored.
test.each<[string, Buffer]>([
  ["the connection's windows", frame(WINDOW_UPDATE, 0, 0, uint32(1))],
  ["a stream's windows", frame(WINDOW_UPDATE, 0, 1, uint32(1))],
  ["priorities of a stream", frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
  ["priorities of streams that there are not", frame(PRIORITY, 0, 999, Buffer.from([0, 0, 0, 3, 1]))],
  ["unknown frames", frame(unknownType, 0, 1, Buffer.alloc(8))],
])("OK: a flood of %s is survived", async (_, one) => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    await peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, waiting));
    await flood(peer, () => times(10 * atOnce, () => [one]));
  });
});

test.each<[string, Buffer]>([
  ["answers to PINGs that nobody sent", frame(PING, ACK, 0, Buffer.alloc(8))],
  ["acknowledgements of SETTINGS that nobody sent", frame(SETTINGS, ACK, 0)],
  ["headers behind headers", frame(HEADERS, END_HEADERS, 1, headerBlock([["a", "b"]]))],
  ["empty headers behind headers", frame(HEADERS, END_HEADERS, 1)],
  ["resets of streams that never were", frame(RST_STREAM, 0, 999, uint32(cancel))],
])("ended: a flood of %s", async (_, one) => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    await peer.send(frame(HEADERS, END_HEADERS, 1, requestBlock("POST", "/test/v1/mirror")));
    await flood(peer, () => times(10 * atOnce, () => [one]), "wait");
  });
});

test("OK: streams up to the limit that never end, and the next one is refused", async () => {
  await edge.withstand(async () => {
    using peer = await connectPeer(edge.port);
    const streams = Array.from({ length: 201 }, (_, index) => 2 * index + 1);
    await peer.send(...streams.map((stream) => frame(HEADERS, END_HEADERS | END_STREAM, stream, waiting)));
    await expect
      .poll(() => peer.received.filter(({ type }) => type === RST_STREAM).map(({ stream }) => stream))
      .toEqual([401]);
  });
});
