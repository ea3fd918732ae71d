import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";

export const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 2, 3, 4, 6, 8, 9,
] as const;
const GOAWAY = 7;
export const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4] as const;

type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
};

/** Encodes a frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const literal = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

/** An HPACK header block of literal fields without indexing. Names and values are short. */
export const headerBlock = (fields: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));

export const requestBlock = (
  method: string,
  path: string,
  headers: readonly [string, string][] = [],
): Buffer =>
  headerBlock([[":method", method], [":scheme", "http"], [":path", path], [":authority", "x"], ...headers]);

/** An HTTP/2 peer that may break the protocol. */
export type Peer = Disposable & {
  readonly socket: Socket;
  /** Writes and waits until the data is flushed; false once the peer has closed. */
  send(...frames: Buffer[]): Promise<boolean>;
  /** Frames received so far. */
  readonly received: Frame[];
  /** Resolves when the peer has processed everything that was sent; with false when it closes the connection. */
  reached(): Promise<boolean>;
  /** Error code of the peer's GOAWAY, after the connection is closed; undefined without one. */
  ended(): Promise<number | undefined>;
};

/** Connects and sends the preface with SETTINGS. */
export async function connectPeer(port: number, settings: Buffer = Buffer.alloc(0)): Promise<Peer> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  const received: Frame[] = [];
  const noticed = new EventEmitter();
  let held: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const end = 9 + (held.byteLength < 9 ? 0 : held.readUIntBE(0, 3));
      if (held.byteLength < end) break;
      const [type = 0, flags = 0] = [held[3], held[4]];
      received.push({ type, flags, stream: held.readUInt32BE(5), payload: held.subarray(9, end) });
      held = held.subarray(end);
    }
    noticed.emit("frames");
  });
  socket.once("close", () => noticed.emit("frames"));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const send = (...frames: Buffer[]): Promise<boolean> => {
    if (socket.destroyed || !socket.writable) return Promise.resolve(false);
    return new Promise((resolve) => socket.write(Buffer.concat(frames), (error) => resolve(!error)));
  };
  await send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0, settings));
  const isToldToGo = () => received.some(({ type }) => type === GOAWAY);
  let asked = 0;
  return {
    socket,
    received,
    async reached() {
      asked += 1;
      const payload = Buffer.concat([uint32(0), uint32(asked)]);
      const isAnswered = () => received.some((one) => one.type === PING && one.payload.equals(payload));
      if (!(await send(frame(PING, 0, 0, payload)))) return false;
      while (!isAnswered() && !isToldToGo() && !socket.destroyed) await once(noticed, "frames");
      return !isToldToGo() && !socket.destroyed;
    },
    send,
    async ended() {
      await closed;
      return received.find(({ type }) => type === GOAWAY)?.payload.readUInt32BE(4);
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
