import { createHash } from "node:crypto";
import type { Content, Repeatable } from "../connectors/connector.ts";
import { countResult, type ResultKind } from "./cache-metrics.ts";
import type { ResultEntries, Slot } from "./result-entries.ts";

/** Results of content that can't change unnoticed, kept in storage's cache. */
export type CachedResults = {
  /**
   * Returns the kept result, or computes and keeps it. Of those that want the same one at the same time, one computes it, in
   * any process. Only `identify` and `compute` fail: without the cache, every result is computed.
   */
  through<T extends Repeatable>(wanted: Wanted<T>, compute: () => Promise<T>): Promise<CachedResult<T>>;
};

type Wanted<T> = {
  readonly kind: ResultKind;
  readonly orgId: string;
  /** Everything that the result depends on besides the content. */
  readonly subject: readonly (string | number)[];
  /** The current content, with the caller's rights; undefined if it can change unnoticed. */
  identify(): Promise<Content | undefined>;
  /** Whether a kept result does not do. Default: false. */
  readonly isFresh?: boolean;
  /** How long to wait for another caller's result, and how long to compute at most, in milliseconds. */
  readonly waitMs: number;
  readonly computeMs: number;
  /** Aborts when the caller needs no result any more. */
  readonly signal: AbortSignal;
  encode(result: T): Uint8Array;
  decode(bytes: Uint8Array): T;
};

type CachedResult<T> = { readonly result: T; readonly fromCache: boolean };

type CachedResultsOptions = {
  /** Undefined to keep none. */
  readonly entries: ResultEntries | undefined;
  /** Changes whenever results, or their form in the cache, may change. */
  readonly version: string;
};

/**
 * Larger results are not kept, in bytes: an organisation's share of the cache, 64 MiB by default, holds a hundred of this size.
 */
const resultBytesMax = 512 * 1024;

export function createCachedResults({ entries, version }: CachedResultsOptions): CachedResults {
  return {
    async through(wanted, compute) {
      const content = entries && (await wanted.identify());
      if (!entries || !content) return { result: await compute(), fromCache: false };
      const { kind, orgId, subject } = wanted;
      const key = hashOf([version, kind, orgId, content.contentId, ...subject]);
      const place = { namespace: content.namespace, key };
      const found = wanted.isFresh ? entries.slotOf(place) : await entries.look(place, wanted);
      if (found && "value" in found) {
        countResult(kind, "found");
        return { result: wanted.decode(found.value), fromCache: true };
      }
      countResult(kind, found ? "computed" : "uncached");
      const result = await computeFor(found, compute);
      if (found) keep(found, content, wanted, result);
      return { result, fromCache: false };
    },
  };
}

async function computeFor<T>(slot: Slot | undefined, compute: () => Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    slot?.fail(error);
    throw error;
  }
}

function keep<T extends Repeatable>(
  slot: Slot,
  { contentId }: Content,
  { encode }: Wanted<T>,
  result: T,
): void {
  // Otherwise the content was replaced meanwhile.
  const isOfContent = result.contentId === contentId;
  const value = isOfContent ? encode(result) : undefined;
  if (value && value.length <= resultBytesMax) slot.keep(value);
  else if (value || result.contentId === undefined) slot.refuse();
  else slot.abandon();
}

const hashOf = (subject: readonly (string | number)[]): string =>
  createHash("sha256").update(JSON.stringify(subject)).digest("hex");
