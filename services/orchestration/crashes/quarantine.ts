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

/** How long a lookup without a quarantine is cached, in milliseconds. Short, because other processes record crashes, too. */
const cleanMs = 5000;
const cleanMax = 10_000;

type File = { readonly name: string; readonly sha256: string };

/** Subject of a task: a file, or a statement on a file. */
type TaskSubject = { readonly file: File; readonly sql?: string };

export type Quarantine = {
  /**
   * Runs work on a file or statement for the current call's organisation, and records a crash of the engine.
   * FailedPrecondition (QUARANTINED) after two crashes.
   */
  watch<T>(subject: TaskSubject, work: () => Promise<T>): Promise<T>;
  /** The same for work that yields chunks. */
  watchStream<T, R>(subject: TaskSubject, chunks: () => AsyncGenerator<T, R>): AsyncGenerator<T, R>;
};

export const isQuarantined = ({ crashCount }: { crashCount: number }): boolean => crashCount >= crashesMax;

export function createQuarantine({ db, log }: { db: Db; log: Logger }): Quarantine {
  const clean = new LRUCache<string, true>({ max: cleanMax, ttl: cleanMs });
  const cacheKeyOf = (subject: TaskSubject) => JSON.stringify([callersOrg(), keyOf(subject)]);

  const recorded = new WeakSet<Error>();

  async function check(subject: TaskSubject): Promise<void> {
    const cacheKey = cacheKeyOf(subject);
    if (clean.has(cacheKey)) return;
    const known = await findCrash(db, callersOrg(), keyOf(subject));
    if (known && isQuarantined(known)) throw quarantined(nameOf(subject), known.crashId);
    clean.set(cacheKey, true);
  }

  async function recordCrash(subject: TaskSubject, error: unknown): Promise<void> {
    if (!(error instanceof EngineFailure) || error.kind !== "crashed" || recorded.has(error)) return;
    // Several callers may wait for the same process and get the same error.
    recorded.add(error);
    const org = callersOrg();
    try {
      await outsideCalls(() => insertCrash(db, org, toCrash(subject, error.message)));
      clean.delete(cacheKeyOf(subject));
    } catch (err) {
      log.error({ err }, "a crash of the engine is not recorded");
    }
  }

  return {
    async watch(subject, work) {
      await check(subject);
      try {
        return await work();
      } catch (error) {
        await recordCrash(subject, error);
        throw error;
      }
    },
    async *watchStream(subject, chunks) {
      await check(subject);
      try {
        return yield* chunks();
      } catch (error) {
        await recordCrash(subject, error);
        throw error;
      }
    },
  };
}

function callersOrg(): { orgId: string } {
  const orgId = currentCall()?.principal?.orgId;
  if (orgId === undefined) throw new Error("the engine is used outside of an organisation's call");
  return { orgId };
}

const nameOf = ({ file, sql }: TaskSubject): string =>
  sql === undefined ? `the file ${JSON.stringify(file.name)}` : "the statement";

function keyOf({ file, sql }: TaskSubject): Pick<NewCrash, "subject" | "fingerprint"> {
  if (sql === undefined) return { subject: "file", fingerprint: file.sha256 };
  const fingerprint = createHash("sha256").update(`${file.sha256}\n${sql}`).digest("hex");
  return { subject: "statement", fingerprint };
}

const toCrash = (subject: TaskSubject, cause: string): NewCrash => ({
  ...keyOf(subject),
  crashId: newId(),
  fileName: subject.file.name,
  fileSha256: subject.file.sha256,
  sql: (subject.sql ?? "").slice(0, sqlCharactersMax),
  cause,
});
