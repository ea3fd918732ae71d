import { lookup } from "node:dns/promises";
import { sourceUnreachable } from "../errors.ts";
import { beforeAbort } from "../timing/before-abort.ts";
import type { Operation } from "./operation.ts";

/** Timeout of the name server, in milliseconds. */
const resolveTimeoutMs = 5000;

/**
 * Resolves a host in the source's own process: the system's resolver blocks one of few threads while a name server does not
 * respond.
 */
export const resolveHost: Operation<{ readonly host: string }, string[]> = async ({ host }, { signal }) => {
  const timeout = AbortSignal.timeout(resolveTimeoutMs);
  try {
    const found = await beforeAbort(lookup(host, { all: true }), AbortSignal.any([signal, timeout]));
    return found.map(({ address }) => address);
  } catch {
    signal.throwIfAborted();
    const name = `the host ${JSON.stringify(host)}`;
    throw sourceUnreachable(
      timeout.aborted ? `${name} is not found within ${resolveTimeoutMs / 1000} s` : `${name} is not known`,
    );
  }
};
