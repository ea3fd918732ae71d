import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import { searchUnknownBlobs } from "../collect/collect.ts";
import type { Limits } from "../limits.ts";
import type { ObjectKey } from "../objects/object-store.ts";
import { checkObject, type Fault } from "./check-object.ts";
import { createReadRate } from "./read-rate.ts";
import { recordFinding } from "./record-finding.ts";
import { type RepairDeps, repairObject } from "./repair-object.ts";
import {
  claimScrub,
  completeScrub,
  type Progress,
  releaseScrub,
  type ScrubRow,
  updateProgress,
} from "./scrub-repository.ts";
import { listRecorded } from "./stored-repository.ts";

export type ScrubDeps = RepairDeps & { readonly limits: Limits; readonly log: Logger };

/** Objects per query. */
const batchMax = 100;

/**
 * Continues the scrub that runs, if no other process does, until it is complete or `stop` aborts. Its progress is in its
 * row: after a crash, another attempt checks the last objects again, and finds the same.
 */
export async function runScrub(deps: ScrubDeps, stop: AbortSignal): Promise<void> {
  const { db, limits, log } = deps;
  const attemptId = newId();
  const scrub = await claimScrub(db, attemptId, limits.heartbeatLostMs);
  if (!scrub) return;
  const lost = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const progress = { ...progressOf(scrub) };
  const write = async () => {
    if (!(await updateProgress(db, attemptId, progress))) lost.abort();
  };
  const timer = setInterval(() => {
    write().catch((error) => log.warn({ err: error }, "a scrub's progress was not written"));
  }, limits.heartbeatMs);
  try {
    await scrubAll({ ...deps, scrub, signal, progress });
    await completeScrub(db, attemptId, progress);
    log.info({ scrub: scrub.scrubId, ...progressOf(progress) }, "a scrub is complete");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(timer);
    await updateProgress(db, attemptId, progress).catch(() => false);
    await releaseScrub(db, attemptId).catch(() => {});
  }
}

type MutableProgress = { -readonly [Name in keyof Progress]: Progress[Name] };

type Running = ScrubDeps & {
  readonly scrub: ScrubRow;
  readonly signal: AbortSignal;
  readonly progress: MutableProgress;
};

async function scrubAll(running: Running): Promise<void> {
  const { db, objects, scrub, signal, progress } = running;
  const pace = createReadRate(scrub.bytesPerSecond, signal);
  const spend = async (bytes: number) => {
    progress.readBytes += bytes;
    await pace(bytes);
  };
  // Objects without a row get one first, so that one walk over the rows finds everything.
  if (progress.sha256 === null) await searchUnknownBlobs(running);
  for (let after = keyOf(progress); ; ) {
    const batch = await listRecorded(db, after, batchMax);
    for (const recorded of batch) {
      signal.throwIfAborted();
      const fault = await checkObject({ db, objects, spend, signal }, recorded);
      if (fault) await report(running, fault, spend);
      progress.objectCount += 1;
      progress.orgId = recorded.orgId;
      progress.sha256 = recorded.sha256;
    }
    after = batch.at(-1);
    if (!after) return;
  }
}

async function report(
  running: Running,
  { kind, recorded }: Fault,
  spend: (bytes: number) => Promise<void>,
): Promise<void> {
  const { db, content, scrub, log } = running;
  const { orgId, sha256, fileIds, fileCount } = recorded;
  // Nobody may go on trusting what was verified before it was damaged.
  if (kind !== "unknown") await content.distrust(recorded);
  const isRepairable = kind !== "unknown" && fileCount > 0;
  const repaired = isRepairable && (await repairObject(running, recorded, spend).catch(reportTo(log)));
  await recordFinding(db, { scrubId: scrub.scrubId, kind, orgId, sha256, fileIds, fileCount, repaired });
  const level = kind === "unknown" ? "warn" : "error";
  log[level](
    { scrub: scrub.scrubId, kind, org: orgId, sha256, fileCount, repaired },
    "a scrub found an object",
  );
}

const reportTo =
  (log: Logger) =>
  (error: unknown): false => {
    log.warn({ err: error }, "an object was not replaced by its second copy");
    return false;
  };

const progressOf = ({ orgId, sha256, objectCount, readBytes }: Progress): Progress => ({
  orgId,
  sha256,
  objectCount,
  readBytes,
});

const keyOf = ({ orgId, sha256 }: Progress): ObjectKey | undefined =>
  orgId !== null && sha256 !== null ? { orgId, sha256 } : undefined;
