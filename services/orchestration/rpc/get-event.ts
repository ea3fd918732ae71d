import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { eventNotFound } from "../errors.ts";
import { findEvent } from "../lineage/events/event-repository.ts";

export const getEvent =
  ({ db }: OrchestrationDeps): MethodImpl<typeof LineageService.method.getEvent> =>
  async ({ eventId }, context) => {
    const row = await findEvent(db, scopeOf(context), eventId);
    if (!row || row.event === null) throw eventNotFound(eventId);
    return { event: { contentType: "application/json", data: Buffer.from(row.event) } };
  };
