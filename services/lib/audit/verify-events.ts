import type { ChainHead } from "./chains.ts";
import { zeroHash } from "./event-hash.ts";

/** Columns of an event that link it into its chain. */
type Link = { readonly sequence: bigint; readonly previousHash: string; readonly hash: string };

/** Result of the verification of a chain. */
export type ChainVerification = {
  eventCount: bigint;
  /** Hash of the last valid event. */
  headHash: string;
  /** Zero if the chain is valid. */
  firstInvalidSequence: bigint;
  problem: string;
};

/** Events per page. */
const pageRows = 1000;

/** Reads a chain page by page and recomputes its hashes. Stops at the first invalid event. */
export async function verifyEvents<Event extends Link>(
  head: ChainHead | undefined,
  readAfter: (sequence: bigint, limit: number) => Promise<Event[]>,
  hashOf: (event: Event) => string,
): Promise<ChainVerification> {
  const end = head ?? { sequence: 0n, headHash: zeroHash };
  let last = { sequence: 0n, hash: zeroHash };
  for (;;) {
    const page = await readAfter(last.sequence, pageRows);
    for (const event of page) {
      const problem = event.sequence > end.sequence ? beyond(event) : problemOf(event, last, hashOf);
      if (problem) return invalid(last, last.sequence + 1n, problem);
      last = event;
    }
    if (page.length < pageRows) break;
  }
  if (last.sequence < end.sequence) return invalid(last, last.sequence + 1n, missing(last.sequence + 1n));
  if (last.hash !== end.headHash) {
    return invalid(last, last.sequence, `event ${last.sequence} is not the one that the chain ended with`);
  }
  return { eventCount: last.sequence, headHash: last.hash, firstInvalidSequence: 0n, problem: "" };
}

function problemOf<Event extends Link>(
  event: Event,
  last: { sequence: bigint; hash: string },
  hashOf: (event: Event) => string,
): string | undefined {
  if (event.sequence !== last.sequence + 1n) return missing(last.sequence + 1n);
  if (event.hash !== recomputed(event, hashOf)) return `event ${event.sequence} was changed`;
  if (event.previousHash !== last.hash) return `event ${event.sequence} does not follow the one before it`;
  return undefined;
}

function recomputed<Event>(event: Event, hashOf: (event: Event) => string): string | undefined {
  try {
    return hashOf(event);
  } catch {
    // The details were changed: they are not JSON.
    return undefined;
  }
}

const missing = (sequence: bigint): string => `event ${sequence} is missing`;
const beyond = ({ sequence }: Link): string => `event ${sequence} lies beyond the end of the chain`;

const invalid = (
  last: { sequence: bigint; hash: string },
  sequence: bigint,
  problem: string,
): ChainVerification => ({
  eventCount: last.sequence,
  headHash: last.hash,
  firstInvalidSequence: sequence,
  problem,
});
