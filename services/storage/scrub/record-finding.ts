import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { recordEvents } from "../audit/record-event.ts";
import { insertFinding, type NewFinding } from "./scrub-repository.ts";

/** Records a finding, and damage of an organisation's content in its audit log; once, also if an attempt repeats it. */
export const recordFinding = (db: Db, finding: NewFinding): Promise<void> =>
  db.transaction(async (tx) => {
    const isNew = await insertFinding(tx, finding);
    const { scrubId, kind, orgId, sha256, fileIds, fileCount, repaired } = finding;
    if (!isNew || kind === "unknown") return;
    await recordEvents(
      tx,
      { orgId },
      {
        kind: AuditKind.DAMAGE_FOUND,
        resource: `scrubs/${scrubId}`,
        details: { kind, sha256, fileIds, fileCount, repaired },
      },
    );
  });
