import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { IngestOutcome } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { completeEvent, startEvent } from "./lineage-event-samples.ts";
import { countGraph, runEvent } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const countsOf = (orgId: string) => countGraph(mesh(), orgId);

describe("IngestBatch", () => {
  test("OK: a result for each event, and what is wrong keeps nothing else out", async () => {
    const { lineage, who } = mesh().user();
    await lineage.ingestEvent({ event: startEvent });
    const events = [
      startEvent,
      completeEvent,
      runEvent({ job: {} }),
      completeEvent,
      runEvent({ producer: "x".repeat(1024 ** 2) }),
      {},
    ];
    const answer = await lineage.ingestBatch({ events });
    const { RECORDED, REFUSED, REPEATED } = IngestOutcome;
    expect(answer).toMatchObject({
      recordedCount: 1,
      repeatedCount: 2,
      refusedCount: 3,
      results: [
        { outcome: REPEATED, message: "" },
        { outcome: RECORDED, message: "" },
        {
          outcome: REFUSED,
          message: "job.namespace: must be a text; job.name: must be a text",
        },
        { outcome: REPEATED, message: "" },
        { outcome: REFUSED, message: "the event is larger than 1 MiB" },
        {
          outcome: REFUSED,
          message: "event: is no RunEvent, JobEvent or DatasetEvent: it has neither job nor dataset",
        },
      ],
    });
    expect(await countsOf(who.orgId)).toEqual({ events: 2, entities: 5, edges: 4, columns: 8 });
  });

  test("OK: the same batch 16 times at once is recorded once", async () => {
    const { lineage, who } = mesh().user();
    const events = Array.from({ length: 100 }, (_, index) =>
      runEvent({ inputs: [{ namespace: "db", name: `t${index}` }] }),
    );
    const answers = await Promise.all(Array.from({ length: 16 }, () => lineage.ingestBatch({ events })));
    expect(answers.reduce((sum, { recordedCount }) => sum + recordedCount, 0)).toBe(100);
    expect(answers.reduce((sum, { repeatedCount }) => sum + repeatedCount, 0)).toBe(1500);
    expect(await countsOf(who.orgId)).toEqual({ events: 100, entities: 102, edges: 101, columns: 0 });
  });

  test("InvalidArgument: none, and more than 1000", async () => {
    const { lineage } = mesh().user();
    for (const events of [[], Array.from({ length: 1001 }, () => ({}))]) {
      expect(await failureOf(lineage.ingestBatch({ events }))).toMatchObject({
        code: Code.InvalidArgument,
        fields: ["events"],
      });
    }
  });
});

test("PermissionDenied: a viewer", async () => {
  const { lineage } = mesh().user({ roles: ["viewer"] });
  const call = lineage.ingestBatch({ events: [startEvent] });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
