import { expect, test } from "vitest";
import { frameTypes, numberFrame } from "../../../edge/http2-client/frames.ts";
import { connectTo, request } from "./lib/exchange.ts";
import { frameOf, startScriptedServer } from "./lib/scripted-server.ts";

const { data, headers, settings, windowUpdate } = frameTypes;
const kib = 1024;

test("OK: uploads take turns, however little the server takes at a time", async () => {
  await using server = await startScriptedServer();
  using connection = connectTo(server.port);
  // A window of a mebibyte for each stream, which the client has to acknowledge.
  await server.next(settings);
  await server.send(frameOf(settings, 0, 0, "0004 00100000"));
  await server.next(settings);
  for (let upload = 0; upload < 4; upload += 1) {
    request(connection.http2).stream.end(Buffer.alloc(512 * kib));
    await server.next(headers);
  }
  // The first upload uses up the initial window of the connection.
  for (let bytes = 0; bytes < 65_535; ) bytes += (await server.next(data)).payload.byteLength;
  const turns: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    await server.send(numberFrame(windowUpdate, 0, 16 * kib));
    for (let bytes = 0; bytes < 16 * kib; ) {
      const frame = await server.next(data);
      bytes += frame.payload.byteLength;
      turns.push(frame.streamId);
    }
  }
  expect(new Set(turns.slice(0, 4))).toEqual(new Set([1, 3, 5, 7]));
  expect(new Set(turns.slice(4))).toEqual(new Set([1, 3, 5, 7]));
});
