import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import * as repository from "../lineage/events/event-repository.ts";
import { toEvent } from "../lineage/lineage-message.ts";

export const listEvents =
  ({ db }: OrchestrationDeps): MethodImpl<typeof LineageService.method.listEvents> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listEvents(db, scope, request, request.entityId);
    return { events: rows.map(toEvent), ...page };
  };
