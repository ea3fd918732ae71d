import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { runEvent } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: the bytes of `event_json`, and canonical JSON of a message", async () => {
  const { lineage } = mesh().user();
  const text = ` ${JSON.stringify(runEvent()).replace("}", ', "big": 10000000000000000000001 }')}\n`;
  const kept = await lineage.ingestEvent({ eventJson: Buffer.from(text) });
  const { event } = await lineage.getEvent({ eventId: kept.eventId });
  expect([event?.contentType, Buffer.from(event?.data ?? []).toString()]).toEqual(["application/json", text]);
  const canonical = await lineage.ingestEvent({ event: { ...runEvent(), a: 1.5 } });
  const read = await lineage.getEvent({ eventId: canonical.eventId });
  expect(Buffer.from(read.event?.data ?? []).toString()).toMatch(/^\{"a":1\.5,"eventTime":"2026/);
});

test("NotFound: an unknown event, another organisation's, and one without content", async () => {
  const { lineage, who } = mesh().user();
  const { eventId } = await lineage.ingestEvent({ event: runEvent() });
  const notFound = (id: string) => ({ code: Code.NotFound, message: `event ${id} not found` });
  expect(await failureOf(mesh().user().lineage.getEvent({ eventId }))).toMatchObject(notFound(eventId));
  const unknown = randomUUID();
  expect(await failureOf(lineage.getEvent({ eventId: unknown }))).toMatchObject(notFound(unknown));
  const { sql } = mesh().database;
  await sql`update orchestration.lineage_events set event = null where org_id = ${who.orgId}`;
  expect(await failureOf(lineage.getEvent({ eventId }))).toMatchObject(notFound(eventId));
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(mesh().user().lineage.getEvent({ eventId: "1" }))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["event_id"],
  });
});
