import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Limits } from "../http/limits.ts";
import { type Budget, createBudget } from "./budget.ts";

/** Streams that end before their answer does: at once, and each second. Work was begun for each of them. */
const [resetsBurst, resetsPerSecond] = [200, 50];
/** SETTINGS after the first: no client has a reason for many. */
const [settingsBurst, settingsPerSecond] = [20, 1];
/** PINGs: some clients measure with them while they read, so what was sent to the peer allows for more. */
const [pingsBurst, pingsPerSecond] = [100, 10];
const sentBytesPerPing = 4096;

/** How long a peer that was told to go may take to read it, in milliseconds. */
const lingerMs = 500;

/** What is known of a connection at the last look. */
type Look = {
  readonly session: ServerHttp2Session;
  openStreams: number;
  /** Since when there has been no stream. */
  idleSinceMs: number;
  /** Frames that the peer completed, as far as they can be seen. */
  frames: number;
  seenFrames: number;
  seenBytes: number;
  seenDataBytes: number;
  /** When the question was asked that the peer has not answered yet. */
  askedMs: number | undefined;
};

/** Watches over HTTP/2 connections; Node has no timers and few budgets for them. */
export type Http2Guard = Disposable & { watch(session: ServerHttp2Session): void };

/**
 * Ends connections that ask too much (GOAWAY with ENHANCE_YOUR_CALM), that have no request for a while, and those whose
 * peer no longer answers. The last are found by a PING: who has stopped reading, or stands in the middle of a header
 * block, where no other frame may be, can't answer it.
 */
export function createHttp2Guard({ headersMs, idleMs }: Limits): Http2Guard {
  const looks = new Set<Look>();
  const timer = setInterval(() => {
    for (const look of looks) inspect(look, headersMs, idleMs);
  }, Math.min(headersMs, idleMs) / 4).unref();
  return {
    watch(session) {
      const look = beginLook(session);
      looks.add(look);
      session.once("close", () => looks.delete(look));
      keepBudgets(session, look);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const beginLook = (session: ServerHttp2Session): Look => ({
  session,
  openStreams: 0,
  idleSinceMs: performance.now(),
  frames: 0,
  seenFrames: 0,
  seenBytes: 0,
  seenDataBytes: 0,
  askedMs: undefined,
});

function keepBudgets(session: ServerHttp2Session, look: Look): void {
  const resets = createBudget(resetsBurst, resetsPerSecond);
  const settings = createBudget(settingsBurst, settingsPerSecond);
  const pings = createPingBudget(session);
  let isOver = false;
  const spend = (budget: Budget) => {
    look.frames += 1;
    if (isOver || budget()) return;
    isOver = true;
    tellToGo(session);
  };
  session.on("remoteSettings", () => spend(settings));
  session.on("ping", () => spend(pings));
  session.on("stream", (stream) => {
    look.frames += 1;
    look.openStreams += 1;
    stream.once("close", () => {
      look.openStreams -= 1;
      if (look.openStreams === 0) look.idleSinceMs = performance.now();
      if (wasReset(stream)) spend(resets);
    });
  });
}

/** From the GOAWAY on, new streams are ignored; a connection that ended with it would be reset, and the GOAWAY lost. */
function tellToGo(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const timer = setTimeout(() => session.destroy(), lingerMs).unref();
  session.once("close", () => clearTimeout(timer));
}

// The edge itself breaks off with INTERNAL_ERROR, and Node answers a wrong frame of the peer with PROTOCOL_ERROR and
// the like: those count as the peer's own resets do.
function wasReset({ rstCode }: ServerHttp2Stream): boolean {
  return rstCode !== constants.NGHTTP2_NO_ERROR && rstCode !== constants.NGHTTP2_INTERNAL_ERROR;
}

function createPingBudget(session: ServerHttp2Session): Budget {
  const pings = createBudget(pingsBurst, pingsPerSecond);
  let sentBytes = 0;
  return () => {
    const { bytesWritten = 0 } = session.destroyed ? {} : session.socket;
    const earned = Math.floor((bytesWritten - sentBytes) / sentBytesPerPing);
    sentBytes += earned * sentBytesPerPing;
    return pings(1 - earned);
  };
}

function inspect(look: Look, headersMs: number, idleMs: number): void {
  const { session } = look;
  if (session.destroyed || session.connecting) return;
  const nowMs = performance.now();
  const moved = hasMoved(look);
  if (look.openStreams === 0 && nowMs - look.idleSinceMs > idleMs) session.destroy();
  else if (moved.visibly) look.askedMs = undefined;
  else if (look.askedMs !== undefined && nowMs - look.askedMs > headersMs) session.destroy();
  else if (look.askedMs === undefined && (look.openStreams > 0 || moved.bytes)) ask(look, nowMs);
}

/** Whether bytes have come since the last look, and whether they were whole frames that can be seen. */
function hasMoved(look: Look): { bytes: boolean; visibly: boolean } {
  const { bytesRead } = look.session.socket;
  const dataBytes = look.session.state.effectiveRecvDataLength ?? 0;
  const visibly = look.frames !== look.seenFrames || dataBytes !== look.seenDataBytes;
  const bytes = bytesRead !== look.seenBytes;
  look.seenFrames = look.frames;
  look.seenDataBytes = dataBytes;
  look.seenBytes = bytesRead;
  return { bytes, visibly };
}

function ask(look: Look, nowMs: number): void {
  const isAsked = look.session.ping(() => {
    look.frames += 1;
    look.askedMs = undefined;
  });
  if (isAsked) look.askedMs = nowMs;
}
