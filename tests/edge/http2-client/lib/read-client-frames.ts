import type { Socket } from "node:net";
import { createFrameReader } from "../../../../edge/http2-client/frame-reader.ts";
import type { Frame } from "../../../../edge/http2-client/frames.ts";

const prefaceBytes = 24;

/** Reads the frames that a client sends after its preface. */
export function readClientFrames(socket: Socket, took: (frame: Frame) => void): void {
  const read = createFrameReader(took);
  let skipped = 0;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    const rest = chunk.subarray(Math.max(0, prefaceBytes - skipped));
    skipped += chunk.byteLength - rest.byteLength;
    if (rest.byteLength > 0) read(Buffer.from(rest));
  });
}
