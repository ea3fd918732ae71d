import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { runEvent, spelled } from "./lineage-graph.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const at = (time: string) => timestampFromDate(new Date(time));

test("OK: the flows of a period, with the range of their times, for all columns and for one", async () => {
  const { lineage } = mesh().user();
  const output = (name: string) => ({
    namespace: "db",
    name,
    facets: {
      columnLineage: { fields: { x: { inputFields: [{ namespace: "db", name: "a", field: "x" }] } } },
    },
  });
  const job = (name: string) => ({ namespace: "etl", name });
  const [morning, noon, evening] = ["08:00", "12:00", "18:00"].map((time) => `2026-11-20T${time}:00Z`);
  const { results } = await lineage.ingestBatch({
    events: [
      runEvent({ job: job("old"), outputs: [output("b")], eventTime: noon as string }),
      runEvent({ job: job("old"), outputs: [output("b")], eventTime: morning as string }),
      runEvent({ job: job("new"), outputs: [output("c")], eventTime: evening as string }),
    ],
  });
  expect(results).toHaveLength(3);
  const { nodes } = await lineage.findEntities({ namespace: "db", name: "a" });
  const entityId = nodes[0]?.entityId ?? "";
  const during = async (period: object, column: string) =>
    spelled(await lineage.getDownstream({ entityId, column, ...period })).nodes.sort();
  for (const column of ["", "x"]) {
    expect(await during({}, column)).toEqual(["a", "b", "c", "new", "old"]);
    expect(await during({ endTime: at(evening as string) }, column)).toEqual(["a", "b", "old"]);
    expect(await during({ startTime: at("2026-11-20T12:00:00.001Z") }, column)).toEqual(["a", "c", "new"]);
    expect(await during({ endTime: at(morning as string) }, column)).toEqual(["a"]);
    expect(
      await during({ startTime: at("2026-11-20T09:00:00Z"), endTime: at("2026-11-20T10:00:00Z") }, column),
    ).toEqual(["a", "b", "old"]);
  }
  const { edges } = await lineage.getDownstream({ entityId, endTime: at(evening as string) });
  expect(edges.map(({ firstTime, lastTime }) => [firstTime, lastTime])).toEqual([
    [at(morning as string), at(noon as string)],
    [at(morning as string), at(noon as string)],
  ]);
});

test("InvalidArgument: a time that no calendar has", async () => {
  const { lineage } = mesh().user();
  const { nodes } = await lineage.ingestEvent({ event: runEvent() });
  const call = lineage.getUpstream({
    entityId: nodes[0]?.entityId ?? "",
    startTime: { seconds: 10n ** 15n, nanos: 0 },
  });
  expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, fields: ["start_time"] });
});
