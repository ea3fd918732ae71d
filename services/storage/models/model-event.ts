import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { Audited } from "../../lib/audit/new-event.ts";
import type { Db } from "../../lib/database/database.ts";
import { recordEvents, type StorageEvent } from "../audit/record-event.ts";
import { insertEvents, type NewEvent, type Subject } from "./event-repository.ts";

/** Kinds of a model's events that are audit events too. Registrations record theirs themselves; a
 * version becomes ready without anybody's doing. */
const kinds: Readonly<Partial<Record<NewEvent["kind"], AuditKind>>> = {
  failed: AuditKind.MODEL_VERSION_FAILED,
  stage_set: AuditKind.MODEL_STAGE_SET,
  alias_set: AuditKind.MODEL_ALIAS_SET,
  alias_deleted: AuditKind.MODEL_ALIAS_DELETED,
  version_deleted: AuditKind.MODEL_VERSION_DELETED,
};

/** Records events of a model, in its history and in the organisation's audit log. Last in the transaction. */
export async function recordModelEvents(
  tx: Db,
  audited: Audited,
  model: Subject,
  events: readonly NewEvent[],
): Promise<void> {
  await insertEvents(tx, model, events);
  await recordEvents(tx, audited, ...events.flatMap((event) => auditEventOf(model, event)));
}

/** The audit event of a model's event: without its comment, which can name persons. */
function auditEventOf(model: Subject, event: NewEvent): StorageEvent[] {
  const { version, alias, previousVersion, stage, previousStage } = event;
  const kind = kinds[event.kind];
  if (kind === undefined) return [];
  const details = {
    version,
    ...(alias && { alias, ...(event.kind === "alias_set" && { previousVersion }) }),
    ...(stage && { stage, previousStage }),
  };
  return [modelEvent(kind, model, details)];
}

export const modelEvent = (
  kind: AuditKind,
  { namespace, modelId }: Pick<Subject, "namespace" | "modelId">,
  details: Record<string, unknown> = {},
): StorageEvent => ({ kind, namespace, resource: `models/${modelId}`, details });
