import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toEvent, typeName } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { listOrgEvents as list } from "../event-repository.ts";

export const listOrgEvents =
  ({ db }: ApprovalDeps): MethodImpl<typeof AuditService.method.listOrgEvents> =>
  async ({ limit, types, beforeTime, beforeSequence, startTime, endTime, ...request }, context) => {
    const filter = {
      ...request,
      types: types.map(typeName),
      before: beforeTime && { time: timestampDate(beforeTime), sequence: beforeSequence },
      startTime: dateOf(startTime),
      endTime: dateOf(endTime),
    };
    const rows = await list(db, scopeOf(context), filter, limit || limitDefault);
    return { events: rows.map(toEvent) };
  };

/** The contract states it. */
const limitDefault = 50;

const dateOf = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
