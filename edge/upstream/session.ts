import { type ClientHttp2Session, connect } from "node:http2";
import { type Address, authorityOf, type Dial } from "./address.ts";
import { watchHealth } from "./health-watch.ts";
import type { UpstreamLimits } from "./limits.ts";

const streamWindowBytes = 4 * 1024 * 1024;
const sessionWindowBytes = 32 * 1024 * 1024;
/** What one connection may hold in memory, in MiB. */
const sessionMemoryMiB = 64;

export type SessionEvents = {
  /** Whether calls are taken. Comes first when the connection is ready. */
  health(isServing: boolean): void;
  /** Comes once: no new calls. Those that run may go on. */
  gone(): void;
};

/** A connection to an upstream. */
export type Session = {
  readonly http2: ClientHttp2Session;
  /** Takes no new calls; those that run may end. */
  close(): void;
  /** Breaks off what runs. */
  destroy(): void;
};

/** Begins a connection. It is ready when it has answered a first call, since a socket alone may lead to nobody. */
export function openSession(
  address: Address,
  options: { dial: Dial; limits: UpstreamLimits; events: SessionEvents },
): Session {
  const { dial, limits, events } = options;
  const socket = dial(address);
  const http2 = connect(`http://${"path" in address ? "localhost" : authorityOf(address)}`, {
    createConnection: () => socket,
    maxSessionMemory: sessionMemoryMiB,
    settings: { initialWindowSize: streamWindowBytes, enablePush: false },
  });
  let isGone = false;
  const end = () => {
    if (isGone) return;
    isGone = true;
    clearTimeout(late);
    clearInterval(pulse);
    // A watch would keep the server from ending.
    health[Symbol.dispose]();
    events.gone();
  };
  const late = setTimeout(() => http2.destroy(), limits.connectMs);
  const health = watchHealth(http2, (isServing) => {
    clearTimeout(late);
    if (!isGone) events.health(isServing);
  });
  const pulse = checkPulse(http2, socket, limits);
  http2.once("connect", () => {
    // It may have been lost in the turn between.
    if (!http2.destroyed) http2.setLocalWindowSize(sessionWindowBytes);
  });
  http2.on("error", end).on("goaway", end).on("close", end);
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
  http2: ClientHttp2Session,
  socket: { readonly bytesRead: number },
  { silenceMs, pingMs }: UpstreamLimits,
): NodeJS.Timeout {
  let heard = 0;
  return setInterval(() => {
    if (socket.bytesRead !== heard || http2.destroyed || http2.connecting) {
      heard = socket.bytesRead;
      return;
    }
    const silent = setTimeout(() => http2.destroy(), pingMs);
    if (!http2.ping(() => clearTimeout(silent))) clearTimeout(silent);
  }, silenceMs).unref();
}
