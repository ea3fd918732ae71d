import { lookup } from "node:dns/promises";
import { sourceUnreachable } from "../errors.ts";
import { beforeAbort } from "../timing/before-abort.ts";
import type { Operation } from "./operation.ts";

/** How long the name's own server may take, in milliseconds. */
const resolveTimeoutMs = 5000;

/**
 * Looks a host up. The system's resolver keeps a thread waiting for a name whose server does not answer, and there are
 * few of them: it is asked in the source's own process.
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
