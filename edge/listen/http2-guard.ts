import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Limits } from "../http/limits.ts";
import { createFrameBudget, type FrameBudget } from "./frame-budget.ts";

/** Streams that are reset before their response ends, burst and per second: each has cost work. */
const [resetsBurst, resetsPerSecond] = [200, 50];
/** SETTINGS after the first. */
const [settingsBurst, settingsPerSecond] = [20, 1];
/** PINGs. Some clients measure bandwidth with them, so bytes that are sent allow for more. */
const [pingsBurst, pingsPerSecond] = [100, 10];
const sentBytesPerPing = 4096;

/** How long a peer has to read a GOAWAY before the session is destroyed, in milliseconds. */
const goawayMs = 500;

/** State of a connection at the last inspection. */
type Watch = {
  readonly session: ServerHttp2Session;
  openStreams: number;
  /** Time since which no stream is open. */
  idleSinceMs: number;
  /** Complete frames of the peer, as far as Node reports them. */
  frames: number;
  seenFrames: number;
  seenBytes: number;
  seenDataBytes: number;
  /** Time of the PING that has no reply yet. */
  pingedMs: number | undefined;
};

/** Timeouts and frame limits of HTTP/2 sessions, which Node has not. */
export type Http2Guard = Disposable & { watch(session: ServerHttp2Session): void };

/**
 * Ends sessions that send too many frames (GOAWAY with ENHANCE_YOUR_CALM), idle ones, and those whose peer does not reply
 * to a PING. A peer that has stopped reading, or is inside a header block, where no other frame is allowed, can't reply.
 */
export function createHttp2Guard({ headersMs, idleMs }: Limits): Http2Guard {
  const watched = new Set<Watch>();
  const timer = setInterval(() => {
    for (const watch of watched) inspect(watch, headersMs, idleMs);
  }, Math.min(headersMs, idleMs) / 4).unref();
  return {
    watch(session) {
      const state = beginWatch(session);
      watched.add(state);
      session.once("close", () => watched.delete(state));
      limitFrames(session, state);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const beginWatch = (session: ServerHttp2Session): Watch => ({
  session,
  openStreams: 0,
  idleSinceMs: performance.now(),
  frames: 0,
  seenFrames: 0,
  seenBytes: 0,
  seenDataBytes: 0,
  pingedMs: undefined,
});

function limitFrames(session: ServerHttp2Session, watch: Watch): void {
  const resets = createFrameBudget(resetsBurst, resetsPerSecond);
  const settings = createFrameBudget(settingsBurst, settingsPerSecond);
  const pings = createPingBudget(session);
  let isOver = false;
  const spend = (budget: FrameBudget) => {
    watch.frames += 1;
    if (isOver || budget()) return;
    isOver = true;
    sendGoaway(session);
  };
  session.on("remoteSettings", () => spend(settings));
  session.on("ping", () => spend(pings));
  session.on("stream", (stream) => {
    watch.frames += 1;
    watch.openStreams += 1;
    stream.once("close", () => {
      watch.openStreams -= 1;
      if (watch.openStreams === 0) watch.idleSinceMs = performance.now();
      if (wasReset(stream)) spend(resets);
    });
  });
}

/** New streams are ignored after a GOAWAY. Destroying the session at once would reset the connection, and lose it. */
function sendGoaway(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const timer = setTimeout(() => session.destroy(), goawayMs).unref();
  session.once("close", () => clearTimeout(timer));
}

// The edge itself resets with INTERNAL_ERROR only. Node's PROTOCOL_ERROR and the like are the fault of the peer.
function wasReset({ rstCode }: ServerHttp2Stream): boolean {
  return rstCode !== constants.NGHTTP2_NO_ERROR && rstCode !== constants.NGHTTP2_INTERNAL_ERROR;
}

function createPingBudget(session: ServerHttp2Session): FrameBudget {
  const pings = createFrameBudget(pingsBurst, pingsPerSecond);
  let sentBytes = 0;
  return () => {
    const { bytesWritten = 0 } = session.destroyed ? {} : session.socket;
    const earned = Math.floor((bytesWritten - sentBytes) / sentBytesPerPing);
    sentBytes += earned * sentBytesPerPing;
    return pings(1 - earned);
  };
}

function inspect(watch: Watch, headersMs: number, idleMs: number): void {
  const { session } = watch;
  if (session.destroyed || session.connecting) return;
  const nowMs = performance.now();
  const moved = hasMoved(watch);
  if (watch.openStreams === 0 && nowMs - watch.idleSinceMs > idleMs) session.destroy();
  else if (moved.visibly) watch.pingedMs = undefined;
  else if (watch.pingedMs !== undefined && nowMs - watch.pingedMs > headersMs) session.destroy();
  else if (watch.pingedMs === undefined && (watch.openStreams > 0 || moved.bytes)) sendPing(watch, nowMs);
}

/** Whether bytes and complete frames have arrived since the last inspection. */
function hasMoved(watch: Watch): { bytes: boolean; visibly: boolean } {
  const { bytesRead } = watch.session.socket;
  const dataBytes = watch.session.state.effectiveRecvDataLength ?? 0;
  const visibly = watch.frames !== watch.seenFrames || dataBytes !== watch.seenDataBytes;
  const bytes = bytesRead !== watch.seenBytes;
  watch.seenFrames = watch.frames;
  watch.seenDataBytes = dataBytes;
  watch.seenBytes = bytesRead;
  return { bytes, visibly };
}

function sendPing(watch: Watch, nowMs: number): void {
  const isSent = watch.session.ping(() => {
    watch.frames += 1;
    watch.pingedMs = undefined;
  });
  if (isSent) watch.pingedMs = nowMs;
}
