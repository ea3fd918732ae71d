import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { type OwnerOrgId, within } from "../../lib/database/scope.ts";
import { idField, integerField, textField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { modelEventKinds, modelEvents, modelStages } from "./model-schema.ts";

export type EventRow = typeof modelEvents.$inferSelect;
/** The model that an event is about. */
export type Subject = { readonly orgId: OwnerOrgId; readonly namespace: string; readonly modelId: string };
export type NewEvent = Pick<EventRow, "kind" | "version"> &
  Partial<Pick<EventRow, "alias" | "previousVersion" | "stage" | "previousStage" | "comment" | "userId">>;

/** Records events in the transaction of what they describe. */
export async function insertEvents(
  tx: Db,
  { orgId, namespace, modelId }: Subject,
  events: readonly NewEvent[],
): Promise<void> {
  await tx.insert(modelEvents).values(
    // Not the time of the transaction, which can have waited for the model's lock.
    events.map((event) => ({
      ...event,
      orgId,
      namespace,
      modelId,
      eventId: newId(),
      createTime: sql`clock_timestamp()`,
    })),
  );
}

const eventList = listOf({
  table: modelEvents,
  key: idField(modelEvents.eventId),
  orderable: { create_time: timeField(modelEvents.createTime) },
  filterable: {
    kind: wordField(modelEvents.kind, modelEventKinds),
    version: integerField(modelEvents.version),
    alias: textField(modelEvents.alias),
    stage: wordField(modelEvents.stage, modelStages),
    user_id: idField(modelEvents.userId),
    create_time: timeField(modelEvents.createTime),
  },
});

export const listModelEvents = (
  db: Db,
  scope: Scope,
  modelId: string,
  request: ListRequest,
): Promise<Page<EventRow>> =>
  eventList.read(db, request, and(within(scope, modelEvents), eq(modelEvents.modelId, modelId)));
