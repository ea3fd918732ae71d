import { type AuditKind, AuditKindSchema } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { kindNames } from "../../lib/audit/kind-names.ts";

/** Kinds of storage's events by their names in audit events. */
export const storageKindValues = kindNames<AuditKind>(AuditKindSchema);

export const storageKinds: readonly string[] = [...storageKindValues.keys()];
