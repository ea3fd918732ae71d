import type { JsonObject } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import type { LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { invalidFields } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { eventTooLarge } from "../errors.ts";
import { eventBytesMax, readEvents } from "../lineage/events/read-events.ts";
import { recordEvents } from "../lineage/events/record-events.ts";
import { textOfEvent } from "../lineage/events/request-texts.ts";
import { toNode } from "../lineage/lineage-message.ts";
import { listEntities } from "../lineage/lineage-repository.ts";

export const ingestEvent =
  ({ db, policies }: OrchestrationDeps): MethodImpl<typeof LineageService.method.ingestEvent> =>
  async ({ event, eventJson, namespace }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const [read] = await readEvents(db, scope, [textOfEvent(event as JsonObject | undefined, eventJson)]);
    if (!read || read.kind === "tooLarge") throw eventTooLarge(eventBytesMax);
    if (read.kind === "invalid") {
      throw invalidFields(
        read.violations.map(({ path, description }) => ({
          field: path === "" ? "event" : `event.${path}`,
          description,
        })),
      );
    }
    const { ids, pendingCount } = await recordEvents(db, scope, [read], namespace);
    const rows = await listEntities(db, scope, read.entityIds);
    const byId = new Map(rows.map((row) => [row.entityId, row]));
    const nodes = read.entityIds.flatMap((id) => byId.get(id) ?? []).map(toNode);
    return { nodes, eventId: ids.get(read.sha256) ?? "", pending: pendingCount > 0 };
  };
