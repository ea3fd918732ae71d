import { randomUUID } from "node:crypto";
import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../lib/telemetry/log.ts";
import { diskFull } from "../errors.ts";

/** Whether the disk takes new content. */
export type DiskSpace = {
  /** Throws diskFull unless the disk takes this many bytes more. */
  refuseFull(expectedBytes?: number): Promise<void>;
  /** Reports that a write has failed because the disk takes nothing. */
  reportFailure(): void;
  /** The state as last measured, measured again if that was a while ago. */
  state(): Promise<SpaceState>;
};

type SpaceState = {
  /** Undefined while the disk takes new content. */
  readonly readOnly: { readonly reason: "reserve" | "write_failed"; readonly since: Date } | undefined;
  readonly freeBytes: number;
  readonly reserveBytes: number;
};

/** Age of a measurement, in milliseconds. It costs a system call. */
const measureMs = 100;
/** Pause between two trials whether writes succeed again, in milliseconds. */
const trialMs = 1_000;
/** Default reserve: the larger of these bytes and this share of the disk. */
const reserveBytesMin = 1024 ** 3;
const reserveShare = 0.02;
/** Free bytes, as a multiple of the reserve, from which on the disk takes content again. */
const resumeFactor = 1.05;
/** Size of the file that tries whether writes succeed again. */
const trialBytes = 1024 * 1024;

type Options = {
  readonly directory: string;
  /** Undefined for the default. */
  readonly reserveBytes: number | undefined;
  readonly log: Logger;
};

/**
 * Watches the free space of a folder's disk. Below the reserve, or after a write that failed for lack of space, nothing is
 * written until there is space again: uploads that would fail in the middle are refused at their start, and deletions and
 * the database keep room to work.
 */
export function watchDiskSpace({ directory, reserveBytes, log }: Options): DiskSpace {
  let measuring: Promise<SpaceState> | undefined;
  let measuredMs = Number.NEGATIVE_INFINITY;
  let readOnly: SpaceState["readOnly"];
  let hasFailed = false;
  let triedMs = Number.NEGATIVE_INFINITY;

  const reasonOf = async (freeBytes: number, reserve: number) => {
    const wantedBytes = readOnly?.reason === "reserve" ? reserve * resumeFactor : reserve;
    if (freeBytes < wantedBytes) return "reserve";
    if (hasFailed && performance.now() - triedMs > trialMs) {
      triedMs = performance.now();
      hasFailed = !(await canWrite(directory));
    }
    return hasFailed ? "write_failed" : undefined;
  };
  const measure = async (): Promise<SpaceState> => {
    const { bavail, bsize, blocks } = await statfs(directory);
    const freeBytes = bavail * bsize;
    const reserve = reserveBytes ?? Math.max(reserveBytesMin, blocks * bsize * reserveShare);
    const reason = await reasonOf(freeBytes, reserve);
    if (reason !== readOnly?.reason) {
      readOnly = reason && { reason, since: readOnly?.since ?? new Date() };
      if (reason) log.error({ reason, freeBytes }, "storage takes no new content: its disk is full");
      else log.info({ freeBytes }, "storage takes new content again");
    }
    return { readOnly, freeBytes, reserveBytes: reserve };
  };
  const state = (ageMsMax = measureMs): Promise<SpaceState> => {
    if (!measuring || performance.now() - measuredMs > ageMsMax) {
      measuredMs = performance.now();
      measuring = measure();
    }
    return measuring;
  };
  return {
    state: () => state(),
    async refuseFull(expectedBytes = 0) {
      const current = await state(expectedBytes > trialBytes ? 0 : measureMs);
      if (current.readOnly || current.freeBytes - expectedBytes < current.reserveBytes) throw diskFull();
    },
    reportFailure() {
      hasFailed = true;
      measuring = undefined;
    },
  };
}

/** Whether a small file can be written and made durable. */
async function canWrite(directory: string): Promise<boolean> {
  const path = join(directory, "tmp", `${randomUUID()}.small`);
  try {
    await using handle = await open(path, "wx", 0o600);
    await handle.writeFile(Buffer.alloc(trialBytes));
    await handle.datasync();
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
