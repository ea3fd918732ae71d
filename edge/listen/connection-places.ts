import { constants } from "node:http2";
import type { Socket } from "node:net";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { belowTls } from "../../services/lib/tls/below-tls.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { endSoftly, endWithError } from "./malformed.ts";

/** Descriptors that the process needs for other things than callers: its upstreams, its log, its files. */
const reservedDescriptors = 512;
/** Connections over the limit that are told so at a time; more are closed without a word. */
const refusedAtOnceMax = 256;

/** The connections of a process, of which there may be so many. */
export type ConnectionPlaces = {
  /** Counts a connection, whose first bytes have not come; one that is far over the limit is closed. */
  enter(socket: Socket): void;
  /** The first bytes of a connection, or of the TLS in it, are there. Answers whether the connection has a place; one without is refused. */
  decide(socket: Socket, isHttp2: boolean, dialect: Dialect): boolean;
  destroyAll(): void;
  destroyUndecided(): void;
};

/**
 * Keeps places for connections. When there is none left, the connection that has been silent longest since it began gives
 * up its own: those who hold connections and say nothing keep nobody out. When all are in use, a caller is told.
 */
export function createConnectionPlaces(wantedMax: number): ConnectionPlaces {
  const placesMax = affordableConnections(wantedMax);
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  const destroyEach = (some: ReadonlySet<Socket>) => {
    for (const socket of some) socket.destroy();
  };
  return {
    enter(socket) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        undecided.delete(socket);
      });
      if (sockets.size > placesMax) giveUpOldest(undecided);
      undecided.add(socket);
      if (sockets.size > placesMax + refusedAtOnceMax) socket.destroy();
    },
    decide(socket, isHttp2, dialect) {
      undecided.delete(belowTls(socket));
      const hasPlace = sockets.size <= placesMax;
      if (!hasPlace) refuse(socket, isHttp2, connectionsTooMany(placesMax), dialect);
      return hasPlace;
    },
    destroyAll: () => destroyEach(sockets),
    destroyUndecided: () => destroyEach(undecided),
  };
}

function giveUpOldest(undecided: Set<Socket>): void {
  const [oldest] = undecided;
  if (!oldest) return;
  undecided.delete(oldest);
  oldest.destroy();
}

/** Frames of SETTINGS without any, and of GOAWAY after stream 0: none was worked on, all may be repeated elsewhere. */
const http2Refusal = Buffer.concat([
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constants.NGHTTP2_ENHANCE_YOUR_CALM]),
]);

function refuse(socket: Socket, isHttp2: boolean, error: ConnectError, dialect: Dialect): void {
  if (isHttp2) endSoftly(socket, http2Refusal);
  else endWithError(socket, error, dialect);
}

const connectionsTooMany = (placesMax: number) =>
  failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, `the edge has ${placesMax} connections, its most`, {
    limit: String(placesMax),
  });

/** The most connections that the process may keep: what is wanted, or what its open files suffice for. */
function affordableConnections(wantedMax: number): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  const descriptorsMax = userLimits?.open_files?.soft;
  if (typeof descriptorsMax !== "number") return wantedMax;
  return Math.max(1, Math.min(wantedMax, descriptorsMax - reservedDescriptors));
}
