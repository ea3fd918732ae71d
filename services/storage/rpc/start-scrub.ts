import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { ScrubService } from "../../../gen/sluice/storage/v1/scrubs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { scrubNotFound, scrubRunning } from "../errors.ts";
import { toScrub } from "../scrub/scrub-message.ts";
import { findRunningScrub, findScrub, insertScrub, type ScrubRow } from "../scrub/scrub-repository.ts";

export const startScrub =
  ({ db, scrubs }: StorageDeps): MethodImpl<typeof ScrubService.method.startScrub> =>
  async ({ bytesPerSecond }, context) => {
    const scope = scopeOf(context);
    const rate = Number(bytesPerSecond) || scrubs.schedule.bytesPerSecond;
    const { userId: creatorUserId } = scope.principal;
    const inserted = await db.transaction(async (tx) => {
      const scrub = await insertScrub(tx, { scheduled: false, creatorUserId, bytesPerSecond: rate });
      if (scrub) await recordEvents(tx, scope, startEvent(scrub));
      return scrub;
    });
    if (!inserted) throw scrubRunning((await findRunningScrub(db))?.scrubId ?? "");
    scrubs.wake();
    const scrub = await findScrub(db, inserted.scrubId);
    if (!scrub) throw scrubNotFound(inserted.scrubId);
    return { scrub: toScrub(scrub) };
  };

const startEvent = ({ scrubId, bytesPerSecond }: ScrubRow) => ({
  kind: AuditKind.SCRUB_STARTED,
  resource: `scrubs/${scrubId}`,
  details: { bytesPerSecond },
});
