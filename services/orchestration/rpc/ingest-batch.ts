import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  IngestOutcome,
  type IngestResultSchema,
  type LineageService,
} from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { eventTooLarge } from "../errors.ts";
import { eventBytesMax, type ReadEvent, readEvents } from "../lineage/events/read-events.ts";
import { recordEvents } from "../lineage/events/record-events.ts";
import { textsOfEvents } from "../lineage/events/request-texts.ts";

export const ingestBatch =
  ({ db, policies }: OrchestrationDeps): MethodImpl<typeof LineageService.method.ingestBatch> =>
  async ({ events, eventsJson, namespace }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const all = await readEvents(db, scope, textsOfEvents(events, eventsJson));
    const readable = all.filter((read) => read.kind === "readable");
    const { ids, fresh, pendingCount } = await recordEvents(db, scope, readable, namespace);
    const unreported = new Set(fresh);
    const results = all.map((read) => resultOf(read, ids, unreported));
    const count = (outcome: IngestOutcome) => results.filter((result) => result.outcome === outcome).length;
    return {
      recordedCount: count(IngestOutcome.RECORDED),
      repeatedCount: count(IngestOutcome.REPEATED),
      refusedCount: count(IngestOutcome.REFUSED),
      results,
      pendingCount,
    };
  };

/** If a batch contains an event twice, the first is reported as recorded. */
function resultOf(
  read: ReadEvent,
  ids: ReadonlyMap<string, string>,
  unreported: Set<string>,
): MessageInitShape<typeof IngestResultSchema> {
  switch (read.kind) {
    case "tooLarge":
      return { outcome: IngestOutcome.REFUSED, message: eventTooLarge(eventBytesMax).rawMessage };
    case "invalid": {
      const words = read.violations.map(({ path, description }) => `${path || "event"}: ${description}`);
      return { outcome: IngestOutcome.REFUSED, message: words.join("; ") };
    }
    case "readable": {
      const isNew = unreported.delete(read.sha256);
      const eventId = ids.get(read.sha256) ?? "";
      return { outcome: isNew ? IngestOutcome.RECORDED : IngestOutcome.REPEATED, eventId };
    }
  }
}
