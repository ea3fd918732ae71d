import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { startEvent } from "./lineage-event-samples.ts";
import { countGraph, createRecorder, runEvent } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const countsOf = (orgId: string) => countGraph(mesh(), orgId);

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
    const { lineage, who } = mesh().user();
    expect(await failureOf(lineage.ingestEvent({ event }))).toMatchObject({
      code: Code.InvalidArgument,
      fields,
    });
    expect(await countsOf(who.orgId)).toEqual({ events: 0, entities: 0, edges: 0, columns: 0 });
  });

  test("half of a surrogate pair, which a database can't keep, in a name or an owner", async () => {
    const { lineage } = mesh().user();
    const facets = { ownership: { owners: [{ name: "\udc00x" }] } };
    const event = runEvent({ inputs: [{ namespace: "db", name: "a\ud800", facets }] });
    expect(
      await failureOf(lineage.ingestEvent({ eventJson: Buffer.from(JSON.stringify(event)) })),
    ).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["event.inputs[0].name", "event.inputs[0].facets.ownership.owners[0].name"],
    });
  });

  test("no event, and another organisation's entity", async () => {
    const { lineage } = mesh().user();
    expect(await failureOf(lineage.ingestEvent({}))).toMatchObject({ fields: ["event"] });
    const { record, idOf } = createRecorder(mesh(), mesh().user());
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
  const { lineage } = mesh().user();
  const event = runEvent({ producer: "x".repeat(1024 ** 2) });
  expect(await failureOf(lineage.ingestEvent({ event }))).toEqual({
    code: Code.ResourceExhausted,
    reason: "REQUEST_TOO_LARGE",
    fields: [],
    message: "the event is larger than 1 MiB",
  });
});

test("PermissionDenied: somebody who only reads", async () => {
  const { lineage } = mesh().user({ roles: ["viewer"] });
  const calls = [lineage.ingestEvent({ event: startEvent }), lineage.ingestBatch({ events: [startEvent] })];
  for (const failure of await Promise.all(calls.map(failureOf))) {
    expect(failure).toMatchObject({ code: Code.PermissionDenied });
  }
});

test("OK: an event's job and data sets become nodes of the graph", async () => {
  const { lineage, who } = mesh().user();
  const { nodes } = await lineage.ingestEvent({ event: runEvent() });
  expect(nodes.map(({ namespace, name }) => `${namespace}/${name}`).sort()).toEqual([
    "db/a",
    "db/b",
    "etl/copy",
  ]);
  expect(await countsOf(who.orgId)).toEqual({ events: 1, entities: 3, edges: 2, columns: 0 });
});
