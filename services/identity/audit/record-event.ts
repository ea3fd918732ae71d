import { createAuditLog } from "../../lib/audit/audit-log.ts";
import type { NewAuditEvent as NewEvent } from "../../lib/audit/new-event.ts";
import { auditEvents, chains } from "./audit-schema.ts";
import type { IdentityKind } from "./kinds.ts";

export type NewAuditEvent = NewEvent<IdentityKind>;

/** This service's audit log. */
export const auditLog = createAuditLog<IdentityKind>("identity", { events: auditEvents, chains });

export const recordEvent = auditLog.record;
