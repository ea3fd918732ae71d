import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Frame, flags, frameTypes, numberFrame } from "../../../../edge/http2-client/frames.ts";
import { encodeScript, idOf, type Script, windowSettings } from "./encode-script.ts";
import { readClientFrames } from "./read-client-frames.ts";
import type { Scenario } from "./scenario.ts";
import { frameOf } from "./scripted-server.ts";

/** A server that plays a scenario of legal and unusual frames on its only connection. */
export type HostileServer = AsyncDisposable & {
  readonly port: number;
  readonly script: Script;
  /** Received bytes of content, by stream. */
  received(): number[];
  /** Whether the client has kept within its flow-control windows. */
  isWithinWindows(): boolean;
  /** Resolves when each PING has been acknowledged. */
  readonly acknowledged: Promise<void>;
};

export async function startHostileServer(scenario: Scenario): Promise<HostileServer> {
  const script = encodeScript(scenario);
  const { windows, exchanges } = scenario;
  const received = new Map(exchanges.map((_, stream) => [idOf(stream), 0]));
  const acknowledged = Promise.withResolvers<void>();
  if (script.pings === 0) acknowledged.resolve();
  let opened: Socket | undefined;
  let isWithinWindows = true;
  const server = createServer((socket) => {
    opened = socket;
    let pings = 0;
    let settings = 0;
    let begun = 0;
    let ended = 0;
    const takes: Readonly<Record<number, (frame: Frame) => void>> = {
      [frameTypes.settings](frame) {
        if (isAck(frame)) settings += 1;
      },
      [frameTypes.ping](frame) {
        if (isAck(frame)) pings += 1;
        else socket.write(frameOf(frameTypes.ping, flags.ack, 0, frame.payload));
        if (pings === script.pings) acknowledged.resolve();
      },
      [frameTypes.headers]() {
        begun += 1;
        if (begun === 1) socket.write(windowSettings(windows[1]));
      },
      [frameTypes.data]({ streamId, payload: { byteLength } }) {
        // Received bytes are credited at once, so no frame may be larger than the last acknowledged window.
        isWithinWindows &&= byteLength <= (windows[settings - 1] ?? Number.POSITIVE_INFINITY);
        received.set(streamId, (received.get(streamId) ?? 0) + byteLength);
        if (byteLength === 0) return;
        for (const id of [streamId, 0]) socket.write(numberFrame(frameTypes.windowUpdate, id, byteLength));
      },
    };
    socket.setNoDelay();
    readClientFrames(socket, (frame) => {
      takes[frame.type]?.(frame);
      if (!endsRequest(frame)) return;
      ended += 1;
      if (ended === exchanges.length) void play(socket, script, scenario);
    });
    socket.write(windowSettings(windows[0]));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    script,
    received: () => [...received.values()],
    isWithinWindows: () => isWithinWindows,
    acknowledged: acknowledged.promise,
    async [Symbol.asyncDispose]() {
      opened?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isAck = ({ flags: flagBits }: Frame): boolean => (flagBits & flags.ack) !== 0;

const endsRequest = ({ type, flags: flagBits }: Frame): boolean =>
  (type === frameTypes.data || type === frameTypes.headers) && (flagBits & flags.endStream) !== 0;

async function play(socket: Socket, { bytes }: Script, { writes, end }: Scenario): Promise<void> {
  for (let at = 0, write = 0; at < bytes.byteLength; write += 1) {
    const length = writes[write % writes.length] ?? 1;
    socket.write(bytes.subarray(at, at + length));
    at += length;
    await nextTurn();
  }
  if (end.kind === "lost") socket.end();
}
