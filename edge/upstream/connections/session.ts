import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { connectHttp2, type Http2Connection } from "../../http2-client/connection.ts";
import { type Address, authorityOf, type Dial } from "./address.ts";
import { watchHealth } from "./health-watch.ts";
import type { UpstreamLimits } from "./limits.ts";

export type SessionEvents = {
  /** Called when the connection is ready and on each change of the server's health. */
  health(isServing: boolean): void;
  /** Called exactly once: the connection takes no new calls. Calls in flight may continue. */
  retired(): void;
};

/** A connection to one address of an upstream. */
export type Session = {
  readonly http2: Http2Connection;
  /** Takes no new calls; calls in flight may finish. */
  close(): void;
  /** Fails the calls in flight. */
  destroy(): void;
};

/** A connection outlives the call that opened it, so it must not inherit that call's async context. */
const outsideCalls = AsyncLocalStorage.snapshot();

/** Opens a connection. It is ready once it has answered the health check: an open socket alone proves nothing. */
export function openSession(
  address: Address,
  options: { dial: Dial; limits: UpstreamLimits; events: SessionEvents },
): Session {
  return outsideCalls(() => open(address, options));
}

function open(
  address: Address,
  { dial, limits, events }: { dial: Dial; limits: UpstreamLimits; events: SessionEvents },
): Session {
  const socket = dial(address);
  let isRetired = false;
  const end = () => {
    if (isRetired) return;
    isRetired = true;
    clearTimeout(connectTimer);
    // An open watch would delay the server's graceful shutdown.
    health[Symbol.dispose]();
    events.retired();
  };
  const authority = "path" in address ? "localhost" : authorityOf(address);
  const http2 = connectHttp2({
    socket,
    authority,
    goaway: end,
    closed() {
      clearInterval(keepalive);
      end();
    },
  });
  const connectTimer = setTimeout(() => http2.destroy(), limits.connectMs);
  const health = watchHealth(http2, (isServing) => {
    clearTimeout(connectTimer);
    if (!isRetired) events.health(isServing);
  });
  const keepalive = startKeepalive(http2, socket, limits);
  return {
    http2,
    close() {
      end();
      http2.close();
    },
    destroy() {
      end();
      http2.destroy();
    },
  };
}

/** Closes a connection whose peer is silent and does not acknowledge a PING. TCP alone would take minutes to notice. */
function startKeepalive(
  http2: Http2Connection,
  socket: Socket,
  { silenceMs, pingMs }: UpstreamLimits,
): NodeJS.Timeout {
  let bytesRead = 0;
  return setInterval(() => {
    if (socket.bytesRead !== bytesRead || socket.connecting) {
      bytesRead = socket.bytesRead;
      return;
    }
    const pingTimer = setTimeout(() => http2.destroy(), pingMs);
    http2.ping(() => clearTimeout(pingTimer));
  }, silenceMs).unref();
}
