import { Agent } from "node:http";
import { connectPinned, type Route, startTls } from "../network/connect-pinned.ts";

/** Timeout of connecting, with TLS, in milliseconds. */
const connectTimeoutMs = 10_000;
/** Idle timeout of a kept connection, in milliseconds. */
const idleMs = 10_000;

/**
 * Connections to the checked addresses of one server, one at a time. The host is never resolved again: by then its name may
 * mean another server.
 */
export function createPinnedAgent(route: Route, isTls: boolean, signal: AbortSignal): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: idleMs });
  agent.createConnection = (_options, done) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
    connect(route, isTls, limit).then(
      (socket) => done?.(null, socket),
      (error) => done?.(error as Error, undefined as never),
    );
    return undefined;
  };
  return agent;
}

async function connect(route: Route, isTls: boolean, signal: AbortSignal) {
  const raw = await connectPinned(route, signal);
  try {
    return isTls ? await startTls(raw, route, signal) : raw;
  } catch (error) {
    raw.destroy();
    throw error;
  }
}
