import type { Client } from "@connectrpc/connect";
import { expect } from "vitest";
import {
  type Scrub,
  type ScrubFinding,
  ScrubFindingKind,
  ScrubService,
  ScrubState,
} from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { principal, type RunningService } from "../lib/test-mesh.ts";

/** Finds out at once that a process is gone, and looks for work often. */
export const eager = { scrubPollMs: 20, heartbeatMs: 20, heartbeatLostMs: 200 };

export const platformAdmin = principal({ roles: ["platform-admin"] });

export const scrubsOf = (service: RunningService): Client<typeof ScrubService> =>
  service.client(ScrubService, platformAdmin);

/** Scrubs everything, and returns the report and what was found. */
export async function scrub(service: RunningService): Promise<{ scrub: Scrub; findings: ScrubFinding[] }> {
  const { scrub } = await scrubsOf(service).startScrub({});
  return completed(service, scrub?.scrubId ?? "");
}

/** Waits for the end of a scrub. */
export async function completed(
  service: RunningService,
  scrubId: string,
): Promise<{ scrub: Scrub; findings: ScrubFinding[] }> {
  const scrubs = scrubsOf(service);
  let last: Scrub | undefined;
  const state = async () => {
    last = (await scrubs.getScrub({ scrubId })).scrub;
    return last?.state;
  };
  await expect.poll(state, { timeout: 60_000 }).toBe(ScrubState.COMPLETED);
  if (!last) throw new Error("no scrub");
  const { findings } = await scrubs.listScrubFindings({ scrubId, pageSize: 1000 });
  return { scrub: last, findings };
}

const kinds: Readonly<Record<ScrubFindingKind, string>> = {
  [ScrubFindingKind.UNSPECIFIED]: "UNSPECIFIED",
  [ScrubFindingKind.CORRUPT]: "CORRUPT",
  [ScrubFindingKind.WRONG_SIZE]: "WRONG_SIZE",
  [ScrubFindingKind.MISSING]: "MISSING",
  [ScrubFindingKind.UNKNOWN]: "UNKNOWN",
};

/** The parts of findings that tests compare, sorted by hash. */
export const told = (findings: readonly ScrubFinding[]) =>
  findings
    .map(({ kind, sha256, fileIds, repaired }) => ({
      kind: kinds[kind],
      sha256,
      fileIds: [...fileIds].sort(),
      repaired,
    }))
    .sort((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
