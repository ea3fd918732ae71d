import { create, enumFromJson, isEnumJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type AuditEvent,
  AuditEventSchema,
  AuditMethod,
  AuditMethodSchema,
  AuditOutcome,
  AuditOutcomeSchema,
} from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuditRow } from "./audit-events-table.ts";
import { hashOfEvent } from "./event-hash.ts";

/** An event of the service's chain. */
export function toAuditEvent(service: string, { createTime, outcome, method, ...row }: AuditRow): AuditEvent {
  return create(AuditEventSchema, {
    ...row,
    createTime: timestampFromDate(createTime),
    service,
    outcome: isEnumJson(AuditOutcomeSchema, outcome)
      ? enumFromJson(AuditOutcomeSchema, outcome)
      : AuditOutcome.UNSPECIFIED,
    method: isEnumJson(AuditMethodSchema, method)
      ? enumFromJson(AuditMethodSchema, method)
      : AuditMethod.UNSPECIFIED,
  });
}

/** Recomputes the hash of an event. Throws if its details are not JSON. */
export const hashOf = (service: string, row: Omit<AuditRow, "hash">): string =>
  hashOfEvent(AuditEventSchema, toAuditEvent(service, { ...row, hash: "" }));
