import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { connectHttp2, type Http2Connection } from "../http2-client/connection.ts";
import { type Address, authorityOf, type Dial } from "./address.ts";
import { watchHealth } from "./health-watch.ts";
import type { UpstreamLimits } from "./limits.ts";

export type SessionEvents = {
  /** Whether calls are taken. Comes first when the connection is ready. */
  health(isServing: boolean): void;
  /** Comes once: no new calls. Those that run may go on. */
  gone(): void;
};

/** A connection to an upstream. */
export type Session = {
  readonly http2: Http2Connection;
  /** Takes no new calls; those that run may end. */
  close(): void;
  /** Breaks off what runs. */
  destroy(): void;
};

/** A connection is made for one call and serves many: what is known of that one must not be taken for theirs. */
const ofNoCall = AsyncLocalStorage.snapshot();

/** Begins a connection. It is ready when it has answered a first call, since a socket alone may lead to nobody. */
export function openSession(
  address: Address,
  options: { dial: Dial; limits: UpstreamLimits; events: SessionEvents },
): Session {
  return ofNoCall(() => open(address, options));
}

function open(
  address: Address,
  { dial, limits, events }: { dial: Dial; limits: UpstreamLimits; events: SessionEvents },
): Session {
  const socket = dial(address);
  let isGone = false;
  const end = () => {
    if (isGone) return;
    isGone = true;
    clearTimeout(late);
    // A watch would keep the server from ending.
    health[Symbol.dispose]();
    events.gone();
  };
  const authority = "path" in address ? "localhost" : authorityOf(address);
  const http2 = connectHttp2({
    socket,
    authority,
    goaway: end,
    closed() {
      clearInterval(pulse);
      end();
    },
  });
  const late = setTimeout(() => http2.destroy(), limits.connectMs);
  const health = watchHealth(http2, (isServing) => {
    clearTimeout(late);
    if (!isGone) events.health(isServing);
  });
  const pulse = checkPulse(http2, socket, limits);
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

/** Ends a connection whose other end is silent and does not answer: nobody else would notice for minutes. */
function checkPulse(
  http2: Http2Connection,
  socket: Socket,
  { silenceMs, pingMs }: UpstreamLimits,
): NodeJS.Timeout {
  let heard = 0;
  return setInterval(() => {
    if (socket.bytesRead !== heard || socket.connecting) {
      heard = socket.bytesRead;
      return;
    }
    const silent = setTimeout(() => http2.destroy(), pingMs);
    http2.ping(() => clearTimeout(silent));
  }, silenceMs).unref();
}
