import { LRUCache } from "lru-cache";
import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { type KeyUse, recordKeyUses } from "./api-key-repository.ts";

/** Records when API keys were used last, without delay for the calls. */
export type KeyUses = AsyncDisposable & {
  /** Notes a use. It is written at once, if no use of the key was written within the last minute. */
  record(apiKeyId: string, address: string): void;
};

const pauseMs = 60_000;
/** Keys whose last write is remembered; the table bounds the writes of others. */
const rememberedMax = 10_000;
/** Keys that wait for a write. Uses of further keys are dropped: the next use of the key is noted again. */
const waitingMax = 10_000;

/** Writes one batch at a time, also across a failing database: lost uses are noted again by later ones. */
export function createKeyUses(db: Db, log: Logger, now: () => number = Date.now): KeyUses {
  const written = new LRUCache<string, number>({ max: rememberedMax });
  let waiting = new Map<string, KeyUse>();
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (waiting.size > 0) {
      const uses = [...waiting.values()];
      waiting = new Map();
      try {
        await recordKeyUses(db, uses);
      } catch (error) {
        log.warn({ err: error }, "the last use of API keys was not recorded");
      }
    }
    writing = undefined;
  };
  return {
    record(apiKeyId, address) {
      const nowMs = now();
      if (nowMs - (written.get(apiKeyId) ?? Number.NEGATIVE_INFINITY) < pauseMs) return;
      if (waiting.size >= waitingMax) return;
      written.set(apiKeyId, nowMs);
      waiting.set(apiKeyId, { apiKeyId, address });
      writing ??= outsideCalls(write);
    },
    async [Symbol.asyncDispose]() {
      await writing;
    },
  };
}
