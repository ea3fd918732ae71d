import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { datasetEvent } from "./lineage-event-samples.ts";
import { runEvent } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: the events of a job and of a data set, by time; not of other organisations", async () => {
  const { lineage } = mesh().user();
  const late = await lineage.ingestEvent({ event: runEvent({ eventTime: "2026-11-20T12:00:00+01:00" }) });
  const early = await lineage.ingestEvent({ event: runEvent({ eventType: "START" }) });
  const dataset = await lineage.ingestEvent({ event: datasetEvent });
  const { events } = await lineage.listEvents({
    orderBy: "event_time",
    entityId: late.nodes[0]?.entityId ?? "",
  });
  expect(events).toMatchObject(
    [early, late].map(({ eventId, nodes }, index) => ({
      eventId,
      entityId: nodes[0]?.entityId,
      eventType: ["START", "COMPLETE"][index],
      runId: "0193a5c0-0000-7000-8000-000000000001",
      namespace: "default",
    })),
  );
  const ofDataset = await lineage.listEvents({ entityId: dataset.nodes[0]?.entityId ?? "" });
  expect(ofDataset.events).toMatchObject([{ eventId: dataset.eventId, eventType: "", runId: "" }]);
  const filtered = await lineage.listEvents({
    filter: 'event_time > "2026-11-20T10:30:00Z"',
    showTotal: true,
  });
  expect(filtered).toMatchObject({ events: [{ eventId: late.eventId }], totalSize: 1 });
  expect((await mesh().user().lineage.listEvents({})).events).toEqual([]);
});

test("OK: an event has one id, however often it comes", async () => {
  const { lineage } = mesh().user();
  const { eventId } = await lineage.ingestEvent({ event: runEvent() });
  const again = await lineage.ingestEvent({ event: runEvent() });
  const batch = await lineage.ingestBatch({ events: [runEvent(), runEvent(), {}] });
  expect([again.eventId, ...batch.results.map((result) => result.eventId)]).toEqual([
    eventId,
    eventId,
    eventId,
    "",
  ]);
});

test("InvalidArgument: a filter, an order, a page token and an id that are none", async () => {
  const { lineage } = mesh().user();
  for (const [request, field] of [
    [{ filter: "event = 1" }, "filter"],
    [{ orderBy: "run_id" }, "order_by"],
    [{ entityId: "1" }, "entity_id"],
  ] as const) {
    expect(await failureOf(lineage.listEvents(request))).toMatchObject({
      code: Code.InvalidArgument,
      fields: [field],
    });
  }
  const call = lineage.listEvents({ pageToken: "x" });
  expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument });
});
