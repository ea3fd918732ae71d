import type { Socket } from "node:net";
import { sourceUnreachable } from "../../../errors.ts";

/** A command and the packets that respond to it, which the client does not see. */
export type Exchange = {
  /** The packets that have arrived since the last call, at least one. Without calls, the server is not read. */
  next(): Promise<Buffer[]>;
  /** Later packets go to the client again. */
  end(): void;
};

export type OpenExchange = Exchange & {
  readonly isPaused: boolean;
  take(body: Buffer): void;
  close(reason: Error): void;
};

/** Packets that are buffered before reading pauses, in bytes. */
const bufferBytesMax = 1024 * 1024;
/** Idle timeout of a server whose packets are awaited, in milliseconds. */
const silenceMsMax = 5 * 60_000;

export function createExchange(inner: Socket, server: string, onEnd: () => void): OpenExchange {
  let bodies: Buffer[] = [];
  let bytes = 0;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const exchange = {
    isPaused: false,
    take(body: Buffer) {
      bodies.push(body);
      bytes += body.length;
      if (bytes > bufferBytesMax) {
        exchange.isPaused = true;
        inner.pause();
      }
      wake?.();
    },
    close(reason: Error) {
      failure ??= reason;
      wake?.();
    },
    async next() {
      if (bodies.length === 0 && !failure) await arrival();
      if (bodies.length === 0) throw failure;
      const taken = bodies;
      bodies = [];
      bytes = 0;
      resume();
      return taken;
    },
    end() {
      resume();
      onEnd();
    },
  };

  function resume(): void {
    if (exchange.isPaused) inner.resume();
    exchange.isPaused = false;
  }

  async function arrival(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const silence = setTimeout(() => exchange.close(sourceSilent(server)), silenceMsMax);
    try {
      await promise;
    } finally {
      clearTimeout(silence);
      wake = undefined;
    }
  }

  return exchange;
}

const sourceSilent = (server: string) =>
  sourceUnreachable(`${server} was cut off: it sent nothing for ${silenceMsMax / 1000} s`);
