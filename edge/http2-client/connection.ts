import { constants, type OutgoingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { openStream } from "./client-stream.ts";
import { closeAll } from "./close-stream.ts";
import type { ConnectionState } from "./connection-state.ts";
import { createFrameReader } from "./frame-reader.ts";
import { createFrameWriter } from "./frame-writer.ts";
import { frameHead, frameTypes, numberFrame } from "./frames.ts";
import { createHeaderDecoder } from "./hpack/decoder.ts";
import { createHeaderEncoder } from "./hpack/encode-headers.ts";
import { Http2Error } from "./http2-error.ts";
import { receiveFrame } from "./receive-frame.ts";
import { connectionWindowBytes } from "./receive-window.ts";
import { sendBlocked, startPending } from "./send.ts";
import { headerListBytesMax, initialPeer, settingsFrame } from "./settings.ts";
import type { ClientStream, StreamListener } from "./stream.ts";

/** The client's end of an HTTP/2 connection. */
export type Http2Connection = {
  /** Whether it accepts requests. */
  isOpen(): boolean;
  /** Sends a request; undefined if the connection accepts none. Throws TypeError for an invalid header. */
  open(headers: OutgoingHttpHeaders, listener: StreamListener): ClientStream | undefined;
  ping(acknowledged: () => void): void;
  /** Accepts no new requests, and closes after those in flight. */
  close(): void;
  /** Fails the requests in flight. */
  destroy(): void;
};

export type ConnectionOptions = {
  readonly socket: Socket;
  /** Of the requests' URLs. */
  readonly authority: string;
  /** Called when the server accepts no new requests. */
  readonly goaway: () => void;
  /** Called exactly once, when the connection is closed. */
  readonly closed: () => void;
};

/** Connection preface. Source: RFC 9113, section 3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Time for the server to read the last frames of a connection, in milliseconds. */
const closeMs = 5_000;

/** `socket` may still be connecting. */
export function connectHttp2({ socket, authority, goaway, closed }: ConnectionOptions): Http2Connection {
  const scheme = socket instanceof TLSSocket ? "https" : "http";
  const connection: ConnectionState = {
    writer: createFrameWriter(socket),
    decoder: createHeaderDecoder(headerListBytesMax),
    encode: createHeaderEncoder({ ":scheme": scheme, ":authority": authority }),
    streams: new Map(),
    pending: new Set(),
    blocked: new Set(),
    pings: [],
    peer: { ...initialPeer },
    nextId: 1,
    sendWindowBytes: initialPeer.windowBytes,
    receiveWindowBytes: connectionWindowBytes,
    grownBytes: 0,
    block: undefined,
    hasPeerSettings: false,
    isClosing: false,
    isClosed: false,
    goaway,
    streamClosed() {
      if (connection.isClosed) return;
      startPending(connection);
      if (connection.isClosing && connection.streams.size === 0)
        end(connection, socket, constants.NGHTTP2_NO_ERROR);
    },
  };
  const { writer } = connection;
  const markClosed = () => {
    if (connection.isClosed) return;
    connection.isClosed = true;
    closeAll(connection, constants.NGHTTP2_INTERNAL_ERROR);
    closed();
  };
  socket.setNoDelay();
  readFrames(connection, socket, markClosed);
  // `close` follows each error.
  socket.on("error", () => undefined).on("close", markClosed);
  writer.send(preface, settingsFrame(), widening);
  const isOpen = () => !connection.isClosed && !connection.isClosing;
  return {
    isOpen,
    open: (headers, listener) => (isOpen() ? openStream(connection, headers, listener) : undefined),
    ping(acknowledged) {
      connection.pings.push(acknowledged);
      writer.send(pingFrame);
    },
    close() {
      connection.isClosing = true;
      connection.streamClosed();
    },
    destroy() {
      markClosed();
      socket.destroy();
    },
  };
}

/** Handles frames until one violates the protocol. */
function readFrames(connection: ConnectionState, socket: Socket, markClosed: () => void): void {
  const { writer } = connection;
  const read = createFrameReader((frame) => {
    // A frame can close the connection, and others may follow it in the same chunk.
    if (!connection.isClosed) receiveFrame(connection, frame);
  });
  socket.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      end(connection, socket, error.code);
      markClosed();
    }
    // A server that sends PING or SETTINGS and does not read the acknowledgements is not read either.
    if (writer.isOverfull()) socket.pause();
  });
  socket.on("drain", () => {
    socket.resume();
    sendBlocked(connection);
  });
}

/** Sends GOAWAY, and closes the connection. */
function end({ writer }: ConnectionState, socket: Socket, code: number): void {
  if (socket.writableEnded) return;
  writer.send(goawayFrame(code));
  writer.flush();
  socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), closeMs).unref();
  socket.once("close", () => clearTimeout(timer));
}

/** The connection's window is not a setting; only WINDOW_UPDATE changes it. */
const widening = numberFrame(frameTypes.windowUpdate, 0, connectionWindowBytes - initialPeer.windowBytes);

const pingFrame = Buffer.concat([frameHead(frameTypes.ping, 0, 0, 8), Buffer.alloc(8)]);

/** The last stream id is 0: the server opens no streams. */
function goawayFrame(code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(code, 4);
  return Buffer.concat([frameHead(frameTypes.goaway, 0, 0, payload.byteLength), payload]);
}
