import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Db } from "../../lib/database/database.ts";
import { currentCall, outsideCalls } from "../../lib/rpc/call.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import { EngineFailure } from "../engine/engine-failure.ts";
import { quarantined } from "../errors.ts";
import { findCrash, insertCrash, type NewCrash } from "./crash-repository.ts";

/** Crashes after which a file or statement is refused. */
const crashesMax = 2;

const sqlCharactersMax = 1000;

/** How long it is remembered that nothing is held against a file or statement, in milliseconds: another process may learn better. */
const cleanMs = 5000;
const cleanMax = 10_000;

type File = { readonly name: string; readonly sha256: string };

/** What work is about: a file, or a statement on one. */
type CrashCause = { readonly file: File; readonly sql?: string };

export type Quarantine = {
  /**
   * Does work of the current call's organisation on a file or statement, and remembers when it crashes the engine.
   * FailedPrecondition (QUARANTINED) for what did so twice.
   */
  watch<T>(about: CrashCause, work: () => Promise<T>): Promise<T>;
  /** As `watch`, for what comes in pieces. */
  watchPieces<T, R>(about: CrashCause, pieces: () => AsyncGenerator<T, R>): AsyncGenerator<T, R>;
};

export const isQuarantined = ({ crashCount }: { crashCount: number }): boolean => crashCount >= crashesMax;

export function createQuarantine({ db, log }: { db: Db; log: Logger }): Quarantine {
  const clean = new LRUCache<string, true>({ max: cleanMax, ttl: cleanMs });
  const nameInCache = (about: CrashCause) => JSON.stringify([callersOrg(), keyOf(about)]);

  const recorded = new WeakSet<Error>();

  async function check(about: CrashCause): Promise<void> {
    const name = nameInCache(about);
    if (clean.has(name)) return;
    const known = await findCrash(db, callersOrg(), keyOf(about));
    if (known && isQuarantined(known)) throw quarantined(nameOf(about), known.crashId);
    clean.set(name, true);
  }

  async function remember(about: CrashCause, error: unknown): Promise<void> {
    if (!(error instanceof EngineFailure) || error.kind !== "crashed" || recorded.has(error)) return;
    // Whoever waits for the same process hears of the same crash.
    recorded.add(error);
    const org = callersOrg();
    try {
      await outsideCalls(() => insertCrash(db, org, toCrash(about, error.message)));
      clean.delete(nameInCache(about));
    } catch (err) {
      log.error({ err }, "a crash of the engine is not recorded");
    }
  }

  return {
    async watch(about, work) {
      await check(about);
      try {
        return await work();
      } catch (error) {
        await remember(about, error);
        throw error;
      }
    },
    async *watchPieces(about, pieces) {
      await check(about);
      try {
        return yield* pieces();
      } catch (error) {
        await remember(about, error);
        throw error;
      }
    },
  };
}

function callersOrg(): { orgId: string } {
  const orgId = currentCall()?.principal?.orgId;
  if (orgId === undefined) throw new Error("the engine is asked outside of any organisation's call");
  return { orgId };
}

const nameOf = ({ file, sql }: CrashCause): string =>
  sql === undefined ? `the file ${JSON.stringify(file.name)}` : "the statement";

function keyOf({ file, sql }: CrashCause): Pick<NewCrash, "subject" | "fingerprint"> {
  if (sql === undefined) return { subject: "file", fingerprint: file.sha256 };
  const fingerprint = createHash("sha256").update(`${file.sha256}\n${sql}`).digest("hex");
  return { subject: "statement", fingerprint };
}

const toCrash = (about: CrashCause, cause: string): NewCrash => ({
  ...keyOf(about),
  crashId: newId(),
  fileName: about.file.name,
  fileSha256: about.file.sha256,
  sql: (about.sql ?? "").slice(0, sqlCharactersMax),
  cause,
});
