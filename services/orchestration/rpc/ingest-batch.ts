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
import { eventBytesMax, type ReadEvent, readEvents, recordEvents } from "../lineage/ingest.ts";

export const ingestBatch =
  ({ db, policies }: OrchestrationDeps): MethodImpl<typeof LineageService.method.ingestBatch> =>
  async ({ events, namespace }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const all = await readEvents(db, scope, events);
    const readable = all.filter((read) => read.kind === "readable");
    const recorded = await recordEvents(db, scope, readable, namespace);
    const results = all.map((read) => resultOf(read, recorded));
    const count = (outcome: IngestOutcome) => results.filter((result) => result.outcome === outcome).length;
    return {
      recordedCount: count(IngestOutcome.RECORDED),
      repeatedCount: count(IngestOutcome.REPEATED),
      refusedCount: count(IngestOutcome.REFUSED),
      results,
    };
  };

/** If a batch contains an event twice, the first is reported as recorded. */
function resultOf(read: ReadEvent, recorded: Set<string>): MessageInitShape<typeof IngestResultSchema> {
  switch (read.kind) {
    case "tooLarge":
      return { outcome: IngestOutcome.REFUSED, message: eventTooLarge(eventBytesMax).rawMessage };
    case "invalid": {
      const words = read.violations.map(({ path, description }) => `${path || "event"}: ${description}`);
      return { outcome: IngestOutcome.REFUSED, message: words.join("; ") };
    }
    case "readable": {
      const isNew = recorded.delete(read.sha256);
      return { outcome: isNew ? IngestOutcome.RECORDED : IngestOutcome.REPEATED };
    }
  }
}
