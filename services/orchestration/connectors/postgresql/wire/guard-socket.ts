import { Duplex } from "node:stream";
import { createMessageGuard } from "./message-guard.ts";
import type { MessageRules } from "./message-rules.ts";
import type { OpenSocket } from "./open-socket.ts";

/** A connection over which only messages come that keep the rules. */
export type GuardedSocket = {
  readonly socket: Duplex;
  /** Why the connection was cut, if the server broke a rule. */
  readonly violation: Error | undefined;
};

/** Checks the rules between a connection and its client. A server that violates one is cut off. */
export function guardSocket({ socket: inner, raw }: OpenSocket, rules: MessageRules): GuardedSocket {
  const guard = createMessageGuard(rules);
  let violation: Error | undefined;
  const socket = new Duplex({
    allowHalfOpen: false,
    read: () => void inner.resume(),
    write: (chunk, encoding, done) => void inner.write(chunk, encoding, done),
    final: (done) => void inner.end(done),
    destroy(error, done) {
      raw.destroy();
      done(error);
    },
  });
  // The client reads it before it sends Terminate.
  Object.defineProperty(socket, "readyState", { get: () => inner.readyState });
  inner.on("data", (chunk: Buffer) => {
    try {
      const whole = guard(chunk);
      if (whole.length > 0 && !socket.push(whole)) inner.pause();
    } catch (error) {
      violation = error as Error;
      inner.pause();
      socket.destroy(violation);
    }
  });
  inner.on("end", () => socket.push(null));
  inner.on("error", (error) => socket.destroy(error));
  inner.on("close", () => {
    // Data before the end of the stream may still be unread.
    if (!inner.readableEnded) socket.destroy();
  });
  // Errors reach the user of the socket. Without a user, they must not end the process.
  socket.on("error", () => {});
  return {
    socket,
    get violation() {
      return violation;
    },
  };
}
