import { type AuditKind, AuditKindSchema } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { createAuditLog } from "../../lib/audit/audit-log.ts";
import { kindNames } from "../../lib/audit/kind-names.ts";
import type { Audited, NewAuditEvent } from "../../lib/audit/new-event.ts";
import type { Db } from "../../lib/database/database.ts";
import { auditEvents, chains } from "./audit-schema.ts";

/** This service's audit log. */
export const auditLog = createAuditLog("storage", { events: auditEvents, chains });

const names = new Map([...kindNames<AuditKind>(AuditKindSchema)].map(([name, kind]) => [kind, name]));

/** The name of a kind in events; empty for none. */
export const kindName = (kind: AuditKind): string => names.get(kind) ?? "";

export type StorageEvent = Omit<NewAuditEvent, "kind"> & { readonly kind: AuditKind };

/**
 * Appends events to the organisation's chain, in the transaction of the change that they record. Call it last, after the
 * quota: it locks the end of the chain until the transaction ends.
 */
export const recordEvents = (tx: Db, audited: Audited, ...events: readonly StorageEvent[]): Promise<void> =>
  auditLog.record(tx, audited, ...events.map((event) => ({ ...event, kind: kindName(event.kind) })));
