import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { auditLog, kindName } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";

export const listOrgEvents =
  ({ db }: StorageDeps): MethodImpl<typeof AuditService.method.listOrgEvents> =>
  async ({ limit, kinds, beforeTime, beforeSequence, startTime, endTime, ...request }, context) => {
    const { userId, resource, outcome } = request;
    const filter = {
      userId,
      resource,
      outcome,
      kinds: kinds.map(kindName),
      startTime: dateOf(startTime),
      endTime: dateOf(endTime),
    };
    const before = beforeTime && { time: timestampDate(beforeTime), sequence: beforeSequence };
    return { events: await auditLog.list(db, scopeOf(context), filter, before, limit || limitDefault) };
  };

/** The contract states it. */
const limitDefault = 50;

const dateOf = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
