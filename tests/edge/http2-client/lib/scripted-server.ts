import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Frame, frameHead } from "../../../../edge/http2-client/frames.ts";
import { readClientFrames } from "./read-client-frames.ts";

/** A server that sends the frames of the test on its only connection, valid or not. */
export type ScriptedServer = AsyncDisposable & {
  readonly port: number;
  /** Resolves when a client has connected. */
  readonly socket: Promise<Socket>;
  /** The next received frame of a type. */
  next(type: number): Promise<Frame>;
  /** Number of received frames of a type that `next` has not returned. */
  came(type: number): number;
  send(...frames: readonly Buffer[]): Promise<void>;
};

export async function startScriptedServer(): Promise<ScriptedServer> {
  const connected = Promise.withResolvers<Socket>();
  const frames: Frame[] = [];
  const waiters = new Set<{ type: number; resolve(frame: Frame): void }>();
  const take = (frame: Frame) => {
    for (const waiter of waiters) {
      if (waiter.type !== frame.type) continue;
      waiters.delete(waiter);
      waiter.resolve(frame);
      return;
    }
    frames.push(frame);
  };
  const server = createServer((socket) => {
    readClientFrames(socket, take);
    connected.resolve(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    socket: connected.promise,
    next(type) {
      const at = frames.findIndex((frame) => frame.type === type);
      const [frame] = at < 0 ? [] : frames.splice(at, 1);
      return frame ? Promise.resolve(frame) : new Promise((resolve) => waiters.add({ type, resolve }));
    },
    came: (type) => frames.filter((frame) => frame.type === type).length,
    async send(...sent) {
      (await connected.promise).write(Buffer.concat(sent));
    },
    async [Symbol.asyncDispose]() {
      (await connected.promise).destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Encodes a frame. The payload is bytes, or text in hexadecimal. */
export function frameOf(type: number, flags: number, streamId: number, payload: Buffer | string): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload.replaceAll(" ", ""), "hex") : payload;
  return Buffer.concat([frameHead(type, flags, streamId, bytes.byteLength), bytes]);
}
