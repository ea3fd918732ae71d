import { constants, type OutgoingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { openStream } from "./client-stream.ts";
import type { ConnectionState } from "./connection-state.ts";
import { finishAll } from "./end-stream.ts";
import { createFrameReader } from "./frame-reader.ts";
import { createFrameWriter } from "./frame-writer.ts";
import { frameHead, frameTypes, numberFrame } from "./frames.ts";
import { createHeaderDecoder } from "./hpack/decoder.ts";
import { createHeaderEncoder } from "./hpack/encode-headers.ts";
import { Http2Error } from "./http2-error.ts";
import { connectionWindowBytes } from "./receive-window.ts";
import { beginWaiting, sendBlocked } from "./send.ts";
import { headerListBytesMax, initialPeer, settingsFrame } from "./settings.ts";
import type { ClientStream, StreamListener } from "./stream.ts";
import { takeFrame } from "./take-frame.ts";

/** The client's end of an HTTP/2 connection. */
export type Http2Connection = {
  /** Whether it takes requests. */
  isOpen(): boolean;
  /** Begins a request; undefined if the connection takes none. Throws TypeError for what must not be in a header. */
  open(headers: OutgoingHttpHeaders, listener: StreamListener): ClientStream | undefined;
  /** Asks for a sign of life. */
  ping(answered: () => void): void;
  /** Takes no more requests; ends when those that run have ended. */
  close(): void;
  /** Breaks off what runs. */
  destroy(): void;
};

export type ConnectionOptions = {
  readonly socket: Socket;
  /** Whom the requests are for, as URLs have it. */
  readonly authority: string;
  /** The other end takes no more requests. */
  readonly goaway: () => void;
  /** Comes last, once: the connection is no more. */
  readonly closed: () => void;
};

/** What a client begins with, so that the other end knows what it speaks. Source: RFC 9113, section 3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** How long the other end may take to read what a connection ends with, in milliseconds. */
const closeMs = 5_000;

/** Speaks HTTP/2 on a connection that may still be on its way. */
export function connectHttp2({ socket, authority, goaway, closed }: ConnectionOptions): Http2Connection {
  const scheme = socket instanceof TLSSocket ? "https" : "http";
  const connection: ConnectionState = {
    writer: createFrameWriter(socket),
    decoder: createHeaderDecoder(headerListBytesMax),
    encode: createHeaderEncoder({ ":scheme": scheme, ":authority": authority }),
    streams: new Map(),
    waiting: new Set(),
    blocked: new Set(),
    pings: [],
    peer: { ...initialPeer },
    nextId: 1,
    sendWindowBytes: initialPeer.windowBytes,
    receiveWindowBytes: connectionWindowBytes,
    grownBytes: 0,
    block: undefined,
    isSettled: false,
    isClosing: false,
    isOver: false,
    goaway,
    left() {
      if (connection.isOver) return;
      beginWaiting(connection);
      if (connection.isClosing && connection.streams.size === 0)
        end(connection, socket, constants.NGHTTP2_NO_ERROR);
    },
  };
  const { writer } = connection;
  const lose = () => {
    if (connection.isOver) return;
    connection.isOver = true;
    finishAll(connection, constants.NGHTTP2_INTERNAL_ERROR);
    closed();
  };
  socket.setNoDelay();
  readFrames(connection, socket, lose);
  // What broke is told by `close`.
  socket.on("error", () => undefined).on("close", lose);
  writer.send(preface, settingsFrame(), widening);
  const isOpen = () => !connection.isOver && !connection.isClosing;
  return {
    isOpen,
    open: (headers, listener) => (isOpen() ? openStream(connection, headers, listener) : undefined),
    ping(answered) {
      connection.pings.push(answered);
      writer.send(pingFrame);
    },
    close() {
      connection.isClosing = true;
      connection.left();
    },
    destroy() {
      lose();
      socket.destroy();
    },
  };
}

/** Does what comes, until it is not as it must be. */
function readFrames(connection: ConnectionState, socket: Socket, lose: () => void): void {
  const { writer } = connection;
  const read = createFrameReader((frame) => {
    // What one frame says may end the connection, and others come behind it.
    if (!connection.isOver) takeFrame(connection, frame);
  });
  socket.on("data", (piece: Buffer) => {
    try {
      read(piece);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      end(connection, socket, error.code);
      lose();
    }
    // Who asks and does not read the answers is asked for patience.
    if (writer.isOverfull()) socket.pause();
  });
  socket.on("drain", () => {
    socket.resume();
    sendBlocked(connection);
  });
}

/** Tells the other end why no more comes, and ends the connection. */
function end({ writer }: ConnectionState, socket: Socket, code: number): void {
  if (socket.writableEnded) return;
  writer.send(goawayFrame(code));
  writer.flush();
  socket.destroySoon();
  const late = setTimeout(() => socket.destroy(), closeMs).unref();
  socket.once("close", () => clearTimeout(late));
}

/** Widens the connection's window, which no setting does. */
const widening = numberFrame(frameTypes.windowUpdate, 0, connectionWindowBytes - initialPeer.windowBytes);

const pingFrame = Buffer.concat([frameHead(frameTypes.ping, 0, 0, 8), Buffer.alloc(8)]);

/** The server began no streams, so none of them was begun with. */
function goawayFrame(code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(code, 4);
  return Buffer.concat([frameHead(frameTypes.goaway, 0, 0, payload.byteLength), payload]);
}
