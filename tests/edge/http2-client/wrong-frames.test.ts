import { constants } from "node:http2";
import { describe, expect, test } from "vitest";
import { flags, frameTypes } from "../../../edge/http2-client/frames.ts";
import { connectTo, request } from "./lib/exchange.ts";
import { frameOf, type ScriptedServer, startScriptedServer } from "./lib/scripted-server.ts";

// Frames that a server must not send, and unusual ones that it may.

const { data, headers, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } =
  frameTypes;
const priority = 2;

const hex = (text: string): string => Buffer.from(text).toString("hex");

/** `:status: 200` */
const ok = "88";
const okHead = frameOf(headers, flags.endHeaders, 1, ok);
const end = frameOf(data, flags.endStream, 1, "");

/** Starts a request to which the server responds with frames of the test. */
async function begin(server: ScriptedServer) {
  const connection = connectTo(server.port);
  const exchange = request(connection.http2);
  exchange.stream.end();
  await server.next(headers);
  return { connection, exchange };
}

/** Far more than the buffers of both peers hold, in bytes. */
const sentBytesMax = 256 * 1024 * 1024;

type Case = readonly [title: string, frames: readonly Buffer[]];

const ends: readonly (readonly [name: string, code: number, cases: readonly Case[]])[] = [
  [
    "PROTOCOL_ERROR",
    constants.NGHTTP2_PROTOCOL_ERROR,
    [
      [
        "a header block that is interrupted",
        [frameOf(headers, 0, 1, ok), frameOf(ping, 0, 0, Buffer.alloc(8))],
      ],
      [
        "a header block that another stream's interrupts",
        [frameOf(headers, 0, 1, ok), frameOf(continuation, flags.endHeaders, 3, "")],
      ],
      ["a header block's end without its beginning", [frameOf(continuation, flags.endHeaders, 1, ok)]],
      ["headers of a stream that nobody began", [frameOf(headers, flags.endHeaders, 3, ok)]],
      ["content of a stream of the server's own", [frameOf(data, 0, 2, "00")]],
      ["content of no stream", [frameOf(data, 0, 0, "00")]],
      ["a push", [frameOf(pushPromise, flags.endHeaders, 1, "00000002 88")]],
      ["more padding than bytes", [okHead, frameOf(data, flags.padded, 1, "0500")]],
      ["padding of nothing", [okHead, frameOf(data, flags.padded, 1, "")]],
      [
        "headers without the priority that they announce",
        [frameOf(headers, flags.priority | flags.endHeaders, 1, "0000")],
      ],
      ["settings of a stream", [frameOf(settings, 0, 1, "")]],
      ["a connection's window that is changed by nothing", [frameOf(windowUpdate, 0, 0, "00000000")]],
      ["frames of a size that none may have", [frameOf(settings, 0, 0, "0005 00000001")]],
      ["the end of a stream that nobody began", [frameOf(rstStream, 0, 5, "00000000")]],
    ],
  ],
  [
    "FRAME_SIZE_ERROR",
    constants.NGHTTP2_FRAME_SIZE_ERROR,
    [
      ["a frame that is longer than allowed", [frameOf(data, 0, 1, Buffer.alloc(16_385))]],
      ["a ping of seven bytes", [frameOf(ping, 0, 0, Buffer.alloc(7))]],
      ["a reset of five bytes", [frameOf(rstStream, 0, 1, Buffer.alloc(5))]],
      ["a window's change of three bytes", [frameOf(windowUpdate, 0, 0, Buffer.alloc(3))]],
      ["half a setting", [frameOf(settings, 0, 0, "0003 0000")]],
      [
        "settings that are taken over and have more to say",
        [frameOf(settings, flags.ack, 0, Buffer.alloc(6))],
      ],
      ["a GOAWAY of seven bytes", [frameOf(goaway, 0, 0, Buffer.alloc(7))]],
    ],
  ],
  [
    "FLOW_CONTROL_ERROR",
    constants.NGHTTP2_FLOW_CONTROL_ERROR,
    [
      ["a connection's window beyond 31 bits", [frameOf(windowUpdate, 0, 0, "7fffffff")]],
      ["a window beyond 31 bits for all streams", [frameOf(settings, 0, 0, "0004 80000000")]],
    ],
  ],
  [
    "COMPRESSION_ERROR",
    constants.NGHTTP2_COMPRESSION_ERROR,
    [["a header block that can't be read", [frameOf(headers, flags.endHeaders, 1, "be")]]],
  ],
  [
    "ENHANCE_YOUR_CALM",
    constants.NGHTTP2_ENHANCE_YOUR_CALM,
    [
      [
        "a header block without end",
        [
          frameOf(headers, 0, 1, ok),
          ...Array.from({ length: 9 }, () => frameOf(continuation, 0, 1, Buffer.alloc(16_384))),
        ],
      ],
      [
        "a header block of nothing without end",
        [
          frameOf(headers, 0, 1, ok),
          ...Array.from({ length: 15_000 }, () => frameOf(continuation, 0, 1, "")),
        ],
      ],
    ],
  ],
];

describe.each(ends)("%s ends the connection:", (_, code, cases) => {
  test.each<Case>(cases)("%s", async (_title, frames) => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    await server.send(...frames);
    const { payload } = await server.next(goaway);
    expect(payload.readUInt32BE(4)).toBe(code);
    expect((await exchange.answer).code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    await connection.closed;
  });
});

describe("ends its stream alone:", () => {
  const { NGHTTP2_PROTOCOL_ERROR: wrong, NGHTTP2_ENHANCE_YOUR_CALM: tooMuch } = constants;
  const { NGHTTP2_FLOW_CONTROL_ERROR: wrongWindow } = constants;
  const many = Buffer.concat([
    Buffer.from("88400161 7f9d03".replaceAll(" ", ""), "hex"),
    Buffer.alloc(540, "x"),
    Buffer.alloc(200, 0xbe),
  ]);

  test.each([
    ["headers without a status", wrong, [frameOf(headers, flags.endHeaders, 1, "0001610162")]],
    ["headers with a field of requests", wrong, [frameOf(headers, flags.endHeaders, 1, "8882")]],
    ["headers with a large letter", wrong, [frameOf(headers, flags.endHeaders, 1, "880001410162")]],
    ["trailers with a status", wrong, [okHead, frameOf(headers, flags.endHeaders | flags.endStream, 1, ok)]],
    [
      "trailers that do not end the stream",
      wrong,
      [okHead, frameOf(headers, flags.endHeaders, 1, "0001610162")],
    ],
    ["content before the headers", wrong, [frameOf(data, 0, 1, "00")]],
    [
      "headers of an HTTP/1 connection",
      wrong,
      [frameOf(headers, flags.endHeaders, 1, `88 00 07 ${hex("upgrade")} 01 61`)],
    ],
    ["a window that is changed by nothing", wrong, [frameOf(windowUpdate, 0, 1, "00000000")]],
    ["a window beyond 31 bits", wrongWindow, [frameOf(windowUpdate, 0, 1, "7fffffff")]],
    ["headers that are too large when they are read", tooMuch, [frameOf(headers, flags.endHeaders, 1, many)]],
  ])("%s", async (_, code, frames) => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    await server.send(...frames);
    const reset = await server.next(rstStream);
    expect([reset.streamId, reset.payload.readUInt32BE()]).toEqual([1, code]);
    expect((await exchange.answer).code).toBe(code);
    const next = request(connection.http2);
    await server.send(frameOf(headers, flags.endHeaders | flags.endStream, 3, ok));
    expect((await next.answer).headers).toEqual([":status", "200"]);
    connection[Symbol.dispose]();
  });
});

test("FLOW_CONTROL_ERROR: content beyond a stream's window ends it", async () => {
  await using server = await startScriptedServer();
  const connection = connectTo(server.port);
  const { answer } = request(connection.http2, {}, { holds: true });
  await server.next(headers);
  const frame = frameOf(data, 0, 1, Buffer.alloc(16_384));
  await server.send(okHead, ...Array.from({ length: 4 }, () => frame));
  expect((await answer).code).toBe(constants.NGHTTP2_FLOW_CONTROL_ERROR);
  connection[Symbol.dispose]();
});

describe("OK:", () => {
  test.each([
    ["frames of a kind that is not known", [frameOf(0xbe, 0xff, 1, "0102"), okHead, end]],
    ["what depends on what", [frameOf(priority, 0, 1, "00000000 00"), okHead, end]],
    [
      "headers with a priority and padding",
      [
        frameOf(
          headers,
          flags.endHeaders | flags.endStream | flags.priority | flags.padded,
          1,
          "02 00000000 10 88 0000",
        ),
      ],
    ],
    [
      "headers in pieces, some of them empty",
      [
        frameOf(headers, flags.endStream, 1, ""),
        frameOf(continuation, 0, 1, ok),
        frameOf(continuation, flags.endHeaders, 1, ""),
      ],
    ],
    ["content with padding", [okHead, frameOf(data, flags.endStream | flags.padded, 1, "020000")]],
    ["settings that are not known", [frameOf(settings, 0, 0, "00ff 00000001"), okHead, end]],
  ])("%s", async (_, frames) => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    await server.send(...frames);
    expect(await exchange.answer).toEqual({
      headers: [":status", "200"],
      body: Buffer.alloc(0),
      trailers: [],
      code: constants.NGHTTP2_NO_ERROR,
    });
    connection[Symbol.dispose]();
  });

  test("an answer that comes byte by byte", async () => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    const socket = (await server.socket).setNoDelay(true);
    const answer = Buffer.concat([okHead, frameOf(data, 0, 1, "616263"), end]);
    for (const byte of answer) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    expect((await exchange.answer).body.toString()).toBe("abc");
    connection[Symbol.dispose]();
  });

  test("headers that come for a stream that was cancelled still say what later ones refer to", async () => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    exchange.stream.cancel();
    const next = request(connection.http2);
    await server.send(
      frameOf(headers, flags.endHeaders, 1, "88 4001610162"),
      frameOf(data, flags.endStream, 1, "00"),
      frameOf(headers, flags.endHeaders | flags.endStream, 3, "88be"),
    );
    expect((await next.answer).headers).toEqual([":status", "200", "a", "b"]);
    connection[Symbol.dispose]();
  });

  test("an answer before the end of its request, which the server then ends, is not answered by a word more", async () => {
    await using server = await startScriptedServer();
    const connection = connectTo(server.port);
    const { answer } = request(connection.http2);
    await server.next(headers);
    await server.send(okHead, frameOf(rstStream, 0, 1, "00000000"));
    expect((await answer).code).toBe(constants.NGHTTP2_NO_ERROR);
    connection.http2.close();
    await server.next(goaway);
    expect(server.came(rstStream)).toBe(0);
  });

  test("a server that asks without end and reads no answers is not heard for a while", async () => {
    await using server = await startScriptedServer();
    const { connection, exchange } = await begin(server);
    const socket = (await server.socket).pause();
    const pings = Buffer.concat(Array.from({ length: 4_000 }, () => frameOf(ping, 0, 0, Buffer.alloc(8))));
    // Acknowledgements are as large as PINGs. Reading stops when all buffers are full.
    const isStuck = () => socket.writableLength > 8 * pings.byteLength;
    let sentBytes = 0;
    for (; !isStuck() && sentBytes < sentBytesMax; sentBytes += pings.byteLength) {
      socket.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sentBytes).toBeLessThan(sentBytesMax);
    socket.resume();
    await server.send(okHead, end);
    expect((await exchange.answer).code).toBe(constants.NGHTTP2_NO_ERROR);
    connection[Symbol.dispose]();
  });
});
