import { once } from "node:events";
import { createServer as createHttp1Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { openConnections } from "../call/edge-metrics.ts";
import { type ChooseDialect, createChooseDialect } from "../dialects/choose-dialect.ts";
import { headerBytesMax } from "../http/head-limits.ts";
import type { Listener } from "../http/http.ts";
import { type Limits, standardLimits } from "../http/limits.ts";
import { type ConnectionLimit, createConnectionLimit } from "./connection-limit.ts";
import { createHttp2Guard } from "./http2-guard.ts";
import { endWithError, malformed, type ParserError } from "./malformed.ts";
import { pathInBytes, pathOf } from "./request-line.ts";
import { serializeRequests } from "./serialize-requests.ts";
import { createSlowReaders } from "./slow-readers.ts";
import { contextOf, type Tls } from "./tls-context.ts";
import { createTlsServer } from "./tls-server.ts";

/** Node's limit of a head: above that of the edge, so that heads a little over the limit get an error response. */
const readHeaderBytesMax = 2 * headerBytesMax;
/** How long running requests can take after the stop, in milliseconds. */
const drainMs = 10_000;

const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 16 * 1024 * 1024;
const concurrentStreamsMax = 200;
/** Memory limit of an HTTP/2 session, in MiB. */
const sessionMemoryMiB = 64;

/** Most invalid frames of a session. */
const invalidFramesMax = 100;

const http2Preface = "PRI";

export type EdgeServer = AsyncDisposable & {
  readonly address: string;
  /** Sets the certificates of new connections. */
  renewTls(tls: Tls): void;
};

export type ServerOptions = {
  host: string;
  port: number;
  listener: Listener;
  log: Logger;
  tls?: Tls | undefined;
  limits?: Limits;
  /** Chooses the dialect of errors that are sent before there is a request. */
  dialectOf?: ChooseDialect;
  drainMs?: number;
  /** The limit that several ports share. */
  connections?: ConnectionLimit;
};

/** Serves HTTP/1.1 and HTTP/2 on one port. Disposing drains running requests for a limited time. */
export async function startServer(options: ServerOptions): Promise<EdgeServer> {
  const { limits = standardLimits, dialectOf = createChooseDialect([]) } = options;
  const readers = createSlowReaders(limits.pauseMs);
  const listener: Listener = (request, response) => {
    readers.watch(response);
    options.listener(request, response);
  };
  const http1 = serveHttp1(listener, limits, dialectOf);
  const http2 = serveHttp2(listener, limits);
  const connections = options.connections ?? createConnectionLimit(limits.connectionsMax);
  const server = listenTo(options, limits, (socket) =>
    detectVersion(socket, limits, (isHttp2, firstBytes) => {
      const path = pathInBytes(firstBytes);
      if (connections.admit(socket, isHttp2, dialectOf(path))) (isHttp2 ? http2 : http1).accept(socket, path);
    }),
  );
  server.prependListener("connection", connections.track);
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
      const timer = setTimeout(connections.destroyAll, options.drainMs ?? drainMs);
      const closed = close(server);
      connections.destroySilent();
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

/** Detects the HTTP version by the first bytes. */
function detectVersion(
  socket: Socket,
  { headersMs }: Limits,
  detected: (isHttp2: boolean, firstBytes: Buffer) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  socket.setTimeout(headersMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  const read = () => {
    const chunk: Buffer | null = socket.read();
    if (!chunk) return;
    held = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk]);
    const begin = held.subarray(0, http2Preface.length).toString("latin1");
    if (begin.length < http2Preface.length && http2Preface.startsWith(begin)) return;
    socket.off("readable", read);
    socket.setTimeout(0);
    socket.unshift(held);
    detected(begin === http2Preface, held);
  };
  socket.on("readable", read);
}

type Version = { accept(socket: Socket, firstPath: string): void; drain(): void; end(): void };

function serveHttp1(listener: Listener, { headersMs, idleMs }: Limits, dialectOf: ChooseDialect): Version {
  const running = new Set<ServerResponse>();
  // By connection, until its first request is there.
  const firstPaths = new WeakMap<Socket, string>();
  let draining = false;
  const server = createHttp1Server({
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersMs,
    connectionsCheckingInterval: headersMs / 4,
    keepAliveTimeout: idleMs,
    // Large uploads take longer than any fixed time. Readers of bodies have an idle timeout.
    requestTimeout: 0,
    // `checkHead` checks Host and Expect, so that the errors have a body.
    requireHostHeader: false,
  });
  const handle = serializeRequests((request, response) => {
    running.add(response);
    firstPaths.delete(request.socket);
    if (draining) response.setHeader("connection", "close");
    response.once("close", () => {
      running.delete(response);
      if (draining) server.closeIdleConnections();
    });
    listener(request, response);
  });
  server.on("request", handle).on("checkExpectation", handle);
  // Node would drop headers over its limit silently: `checkHead` limits their number.
  server.maxHeadersCount = 0;
  server.on("clientError", (error: ParserError, socket: Socket) => {
    const current = [...running].find(({ req }) => req.socket === socket);
    // The client would take the error for a part of the response that is being sent.
    if (current?.headersSent) socket.destroy();
    else {
      // In a body, the client chooses the bytes; the path is that of the request.
      const path = current ? pathOf(current.req) : (firstPaths.get(socket) ?? pathInBytes(error.rawPacket));
      endWithError(socket, malformed(error), dialectOf(path));
    }
  });
  // Node starts to check timeouts on this event only.
  server.emit("listening");
  return {
    accept(socket, firstPath) {
      firstPaths.set(socket, firstPath);
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
    // `checkHead` limits their number.
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
  server.on("request", listener).on("checkExpectation", listener);
  return {
    accept: (socket) => server.emit("connection", socket),
    drain() {
      for (const session of sessions) session.close();
    },
    end: () => guard[Symbol.dispose](),
  };
}
