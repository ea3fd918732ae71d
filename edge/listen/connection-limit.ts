import { constants } from "node:http2";
import type { Socket } from "node:net";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { belowTls } from "../../services/lib/tls/below-tls.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { endGracefully, endWithError } from "./malformed.ts";

/** File descriptors that are kept for upstreams, logs and files. */
const reservedDescriptors = 512;
/** Most connections over the limit that get an error at a time; more are closed without. */
const refusedAtOnceMax = 256;

/** The limit of connections of a process. */
export type ConnectionLimit = {
  /** Counts a new connection. One that is far over the limit is closed. */
  track(socket: Socket): void;
  /** Admits a connection after its first bytes, below TLS. One over the limit gets an error; then it is false. */
  admit(socket: Socket, isHttp2: boolean, dialect: Dialect): boolean;
  destroyAll(): void;
  destroySilent(): void;
};

/**
 * At the limit, a new connection replaces the oldest one that has sent nothing yet, so that silent connections keep no
 * caller out. If all have sent something, the new one gets an error.
 */
export function createConnectionLimit(configuredMax: number): ConnectionLimit {
  const connectionsMax = affordableConnections(configuredMax);
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  const destroyEach = (some: ReadonlySet<Socket>) => {
    for (const socket of some) socket.destroy();
  };
  return {
    track(socket) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        silent.delete(socket);
      });
      if (sockets.size > connectionsMax) destroyOldest(silent);
      silent.add(socket);
      if (sockets.size > connectionsMax + refusedAtOnceMax) socket.destroy();
    },
    admit(socket, isHttp2, dialect) {
      silent.delete(belowTls(socket));
      const isAdmitted = sockets.size <= connectionsMax;
      if (!isAdmitted) refuse(socket, isHttp2, connectionsTooMany(connectionsMax), dialect);
      return isAdmitted;
    },
    destroyAll: () => destroyEach(sockets),
    destroySilent: () => destroyEach(silent),
  };
}

function destroyOldest(silent: Set<Socket>): void {
  const [oldest] = silent;
  if (!oldest) return;
  silent.delete(oldest);
  oldest.destroy();
}

/** An empty SETTINGS and a GOAWAY with last stream 0: no request was handled, so all can be retried. */
const http2Refusal = Buffer.concat([
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constants.NGHTTP2_ENHANCE_YOUR_CALM]),
]);

function refuse(socket: Socket, isHttp2: boolean, error: ConnectError, dialect: Dialect): void {
  if (isHttp2) endGracefully(socket, http2Refusal);
  else endWithError(socket, error, dialect);
}

const connectionsTooMany = (connectionsMax: number) =>
  failure(
    Code.Unavailable,
    ErrorReason.SERVICE_BUSY,
    `the edge has ${connectionsMax} connections, its most`,
    {
      limit: String(connectionsMax),
    },
  );

/** The configured limit, or less where the limit of open files allows less. */
function affordableConnections(configuredMax: number): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  const descriptorsMax = userLimits?.open_files?.soft;
  if (typeof descriptorsMax !== "number") return configuredMax;
  return Math.max(1, Math.min(configuredMax, descriptorsMax - reservedDescriptors));
}
