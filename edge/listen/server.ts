import { once } from "node:events";
import { createServer as createHttp1Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { openConnections } from "../call/edge-metrics.ts";
import { type ChooseDialect, createChooseDialect } from "../dialects/choose-dialect.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { headerBytesMax } from "../http/head-limits.ts";
import type { Listener } from "../http/http.ts";
import { type Limits, standardLimits } from "../http/limits.ts";
import { createConnectionPlaces } from "./connection-places.ts";
import { createHttp2Guard } from "./http2-guard.ts";
import { inTurn } from "./in-turn.ts";
import { endWithError, malformed, type ParserError } from "./malformed.ts";
import { pathInBytes } from "./request-line.ts";
import { createSlowReaders } from "./slow-readers.ts";
import { contextOf, type Tls } from "./tls-context.ts";
import { createTlsServer } from "./tls-server.ts";

/** Bytes of headers that are read before they are refused; what is a little over the limit gets an answer, too. */
const readHeaderBytesMax = 2 * headerBytesMax;
/** How long running requests may go on after the stop, in milliseconds. */
const drainMs = 10_000;

const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 16 * 1024 * 1024;
const concurrentStreamsMax = 200;
/** What one HTTP/2 connection may hold in memory, in MiB. */
const sessionMemoryMiB = 64;

/** Wrong frames of a connection, and empty ones. */
const invalidFramesMax = 100;

const http2Preface = "PRI";

export type EdgeServer = AsyncDisposable & {
  readonly address: string;
  /** Gives new connections other certificates; those that there are go on. */
  renewTls(tls: Tls): void;
};

/** Serves HTTP/1.1 and HTTP/2 on one port. Disposing lets running requests end, for a while. */
export async function startServer(options: {
  host: string;
  port: number;
  listener: Listener;
  log: Logger;
  tls?: Tls | undefined;
  limits?: Limits;
  /** Chooses the dialect of errors that are sent before there is a request. */
  dialectOf?: ChooseDialect;
  drainMs?: number;
}): Promise<EdgeServer> {
  const { limits = standardLimits, dialectOf = createChooseDialect([]) } = options;
  const dialectIn = (bytes: Uint8Array | undefined) => dialectOf(pathInBytes(bytes) ?? "");
  const readers = createSlowReaders(limits.pauseMs);
  const listener: Listener = (request, response) => {
    readers.watch(response);
    options.listener(request, response);
  };
  const http1 = serveHttp1(listener, limits, dialectIn);
  const http2 = serveHttp2(listener, limits);
  const places = createConnectionPlaces(limits.connectionsMax);
  const server = listenTo(options, limits, (socket) =>
    decide(socket, limits, (isHttp2, firstBytes) => {
      if (places.decide(socket, isHttp2, dialectIn(firstBytes))) (isHttp2 ? http2 : http1).accept(socket);
    }),
  );
  server.prependListener("connection", places.enter);
  server.listen(options.port, options.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    address: `${options.tls ? "https" : "http"}://${host}:${port}`,
    renewTls(tls) {
      if (server instanceof TlsServer) server.setSecureContext(contextOf(tls));
    },
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(places.destroyAll, options.drainMs ?? drainMs);
      const closed = close(server);
      places.destroyUndecided();
      http1.drain();
      http2.drain();
      await closed;
      clearTimeout(timer);
      http1.end();
      http2.end();
      readers[Symbol.dispose]();
    },
  };
}

function listenTo(
  { tls, log }: { tls?: Tls | undefined; log: Logger },
  { headersMs: handshakeMs }: Limits,
  accept: (socket: Socket) => void,
): Server {
  return tls ? createTlsServer(tls, { handshakeMs, log }, accept) : createServer(accept);
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Tells from the first bytes which version a caller speaks. */
function decide(
  socket: Socket,
  { headersMs }: Limits,
  decided: (isHttp2: boolean, firstBytes: Buffer) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  socket.setTimeout(headersMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  const look = () => {
    const piece: Buffer | null = socket.read();
    if (!piece) return;
    held = held.byteLength === 0 ? piece : Buffer.concat([held, piece]);
    const begin = held.subarray(0, http2Preface.length).toString("latin1");
    if (begin.length < http2Preface.length && http2Preface.startsWith(begin)) return;
    socket.off("readable", look);
    socket.setTimeout(0);
    socket.unshift(held);
    decided(begin === http2Preface, held);
  };
  socket.on("readable", look);
}

type Version = { accept(socket: Socket): void; drain(): void; end(): void };

function serveHttp1(
  listener: Listener,
  { headersMs, idleMs }: Limits,
  dialectIn: (bytes: Uint8Array | undefined) => Dialect,
): Version {
  const running = new Set<ServerResponse>();
  let draining = false;
  const server = createHttp1Server({
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersMs,
    // How often the server looks for headers that are late.
    connectionsCheckingInterval: headersMs / 4,
    keepAliveTimeout: idleMs,
    // A large upload may take longer than any fixed time; who reads a body minds that it goes on.
    requestTimeout: 0,
  });
  const answer = inTurn((request, response) => {
    running.add(response);
    if (draining) response.setHeader("connection", "close");
    response.once("close", () => {
      running.delete(response);
      if (draining) server.closeIdleConnections();
    });
    listener(request, response);
  });
  server.on("request", answer);
  // Nobody looks at headers that were dropped: their number is limited where they are read.
  server.maxHeadersCount = 0;
  server.on("clientError", (error: ParserError, socket: Socket) => {
    const answers = [...running].filter(({ req }) => req.socket === socket);
    // What is written into another answer would be taken for a part of it.
    if (answers.some(({ headersSent }) => headersSent)) socket.destroy();
    else endWithError(socket, malformed(error), dialectIn(error.rawPacket));
  });
  // Without being told that it listens, the server does not look after its timeouts.
  server.emit("listening");
  return {
    accept(socket) {
      openConnections.http1 += 1;
      socket.once("close", () => {
        openConnections.http1 -= 1;
      });
      server.emit("connection", socket);
    },
    drain() {
      draining = true;
      for (const response of running) if (!response.headersSent) response.setHeader("connection", "close");
      server.closeIdleConnections();
    },
    end: () => server.close(),
  };
}

function serveHttp2(listener: Listener, limits: Limits): Version {
  const guard = createHttp2Guard(limits);
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server({
    maxSessionMemory: sessionMemoryMiB,
    settings: {
      initialWindowSize: streamWindowBytes,
      maxConcurrentStreams: concurrentStreamsMax,
      maxHeaderListSize: readHeaderBytesMax,
    },
    // As many as fit: their number is limited where they are read.
    maxHeaderListPairs: readHeaderBytesMax,
    maxSessionInvalidFrames: invalidFramesMax,
  });
  server.on("session", (session) => {
    sessions.add(session);
    openConnections.http2 += 1;
    session.once("close", () => {
      sessions.delete(session);
      openConnections.http2 -= 1;
    });
    session.on("stream", (stream) => {
      openConnections.http2Streams += 1;
      stream.once("close", () => {
        openConnections.http2Streams -= 1;
      });
    });
    session.on("error", () => session.destroy());
    session.setLocalWindowSize(sessionWindowBytes);
    guard.watch(session);
  });
  server.on("request", listener);
  return {
    accept: (socket) => server.emit("connection", socket),
    drain() {
      for (const session of sessions) session.close();
    },
    end: () => guard[Symbol.dispose](),
  };
}
