import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IngestOutcome } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { completeEvent, startEvent } from "./lineage-event-samples.ts";
import { countGraph, createRecorder, runEvent } from "./lineage-graph.ts";
import { failureOf, type Orchestration, startOrchestration } from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

const countsOf = (orgId: string) => countGraph(mesh, orgId);

describe("InvalidArgument", () => {
  const own = { namespace: "sluice", name: randomUUID() };
  test.each<[string, JsonObject, string[]]>([
    ["nothing that is an event", {}, ["event"]],
    ["no job", runEvent({ job: {} }), ["event.job.namespace", "event.job.name"]],
    ["a job that is a text", runEvent({ job: "copy" }), ["event.job"]],
    ["a run without an id", runEvent({ run: {} }), ["event.run.runId"]],
    ["a run's id that is no UUID", runEvent({ run: { runId: "1" } }), ["event.run.runId"]],
    ["no time", runEvent({ eventTime: null }), ["event.eventTime"]],
    ["a time that is none", runEvent({ eventTime: "yesterday" }), ["event.eventTime"]],
    ["a type that is none", runEvent({ eventType: "DONE" }), ["event.eventType"]],
    ["inputs that are no list", runEvent({ inputs: {} }), ["event.inputs"]],
    ["an input without a name", runEvent({ inputs: [{ namespace: "db" }] }), ["event.inputs[0].name"]],
    ["an empty name", runEvent({ inputs: [{ namespace: "db", name: "" }] }), ["event.inputs[0].name"]],
    ["a NUL", runEvent({ inputs: [{ namespace: "db", name: "a\0" }] }), ["event.inputs[0].name"]],
    [
      "a long name",
      runEvent({ outputs: [{ namespace: "db", name: "n".repeat(1025) }] }),
      ["event.outputs[0].name"],
    ],
    [
      "a long column, in a facet",
      runEvent({
        outputs: [
          {
            namespace: "db",
            name: "b",
            facets: {
              columnLineage: {
                fields: {
                  "the total": { inputFields: [{ namespace: "n", name: "a", field: "f".repeat(256) }] },
                },
              },
            },
          },
        ],
      }),
      [`event.outputs[0].facets.columnLineage.fields["the total"].inputFields[0].field`],
    ],
    ["an input of Sluice's that is unknown", runEvent({ inputs: [own] }), ["event.inputs[0].name"]],
    ["an output of Sluice's", runEvent({ outputs: [own] }), ["event.outputs[0].namespace"]],
    ["a job of Sluice's", runEvent({ job: own }), ["event.job.namespace"]],
    [
      "an input in Sluice's namespace without an id",
      runEvent({ inputs: [{ namespace: "sluice/source/1", name: "orders" }] }),
      ["event.inputs[0].namespace"],
    ],
    [
      "a data set without a name",
      { eventTime: "2026-11-20T10:00:00Z", dataset: { namespace: "db" } },
      ["event.dataset.name"],
    ],
  ])("%s", async (_, event, fields) => {
    const { lineage, who } = mesh.user();
    expect(await failureOf(lineage.ingestEvent({ event }))).toMatchObject({
      code: Code.InvalidArgument,
      fields,
    });
    expect(await countsOf(who.orgId)).toEqual({ events: 0, entities: 0, edges: 0, columns: 0 });
  });

  test("no event, and another organisation's entity", async () => {
    const { lineage } = mesh.user();
    expect(await failureOf(lineage.ingestEvent({}))).toMatchObject({ fields: ["event"] });
    const { record, idOf } = createRecorder(mesh, mesh.user());
    await record("job", ["a"], ["b"]);
    const event = runEvent({ inputs: [{ namespace: "sluice", name: idOf("b") }] });
    expect(await failureOf(lineage.ingestEvent({ event }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["event.inputs[0].name"],
      message: "event.inputs[0].name: is not the id of an entity that the graph has",
    });
  });
});

test("ResourceExhausted: an event of more than 1 MiB", async () => {
  const { lineage } = mesh.user();
  const event = runEvent({ producer: "x".repeat(1024 ** 2) });
  expect(await failureOf(lineage.ingestEvent({ event }))).toEqual({
    code: Code.ResourceExhausted,
    reason: "REQUEST_TOO_LARGE",
    fields: [],
    message: "the event is larger than 1 MiB",
  });
});

test("PermissionDenied: somebody who only reads", async () => {
  const { lineage } = mesh.user({ roles: ["viewer"] });
  const calls = [lineage.ingestEvent({ event: startEvent }), lineage.ingestBatch({ events: [startEvent] })];
  for (const failure of await Promise.all(calls.map(failureOf))) {
    expect(failure).toMatchObject({ code: Code.PermissionDenied });
  }
});

describe("IngestBatch", () => {
  test("OK: a result for each event, and what is wrong keeps nothing else out", async () => {
    const { lineage, who } = mesh.user();
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
    expect(await countsOf(who.orgId)).toEqual({ events: 2, entities: 5, edges: 4, columns: 4 });
  });

  test("OK: the same batch 16 times at once is recorded once", async () => {
    const { lineage, who } = mesh.user();
    const events = Array.from({ length: 100 }, (_, index) =>
      runEvent({ inputs: [{ namespace: "db", name: `t${index}` }] }),
    );
    const answers = await Promise.all(Array.from({ length: 16 }, () => lineage.ingestBatch({ events })));
    expect(answers.reduce((sum, { recordedCount }) => sum + recordedCount, 0)).toBe(100);
    expect(answers.reduce((sum, { repeatedCount }) => sum + repeatedCount, 0)).toBe(1500);
    expect(await countsOf(who.orgId)).toEqual({ events: 100, entities: 102, edges: 101, columns: 0 });
  });

  test("InvalidArgument: none, and more than 1000", async () => {
    const { lineage } = mesh.user();
    for (const events of [[], Array.from({ length: 1001 }, () => ({}))]) {
      expect(await failureOf(lineage.ingestBatch({ events }))).toMatchObject({
        code: Code.InvalidArgument,
        fields: ["events"],
      });
    }
  });
});
