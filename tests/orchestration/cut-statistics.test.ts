import { expect, test } from "vitest";
import type { Engine } from "../../services/orchestration/engine/engine.ts";
import { EngineFailure } from "../../services/orchestration/engine/engine-failure.ts";
import { createCutStatistics } from "../../services/orchestration/prepared/cut-statistics.ts";
import type { PreparedFile } from "../../services/orchestration/prepared/prepared-files.ts";

const limit = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 };
const cuts = Array.from({ length: 5 }, (_, index) => ({
  groups: { from: index, to: index + 1 },
  rows: { from: index * 10, to: (index + 1) * 10 },
}));

/** Statistics of a file with these types, and the number of cuts of each task of the engine. */
function statisticsOf(dataTypes: readonly string[], failure?: Error) {
  const asked: number[] = [];
  const run = async (task: { cuts: typeof cuts; columns: { name: string }[] }) => {
    asked.push(task.cuts.length);
    if (failure) throw failure;
    return {
      kind: "statistics",
      cuts: task.cuts.map(({ groups }) => task.columns.map(({ name }) => ({ name, nullCount: groups.from }))),
    };
  };
  const columns = dataTypes.map((dataType, index) => ({ name: `c${index}`, dataType }));
  const file = { path: "/prepared", preparation: { columns } } as unknown as PreparedFile;
  const statistics = createCutStatistics({ run } as unknown as Engine, file, { fileName: "a.csv", cuts });
  return { asked, of: (index: number) => statistics.of(cuts[index] ?? ({ ...cuts[0] } as never), limit) };
}

test("OK: one question for all cuts, however many ask at once, and each gets its own", async () => {
  const { asked, of } = statisticsOf(["BIGINT", "VARCHAR"]);
  const known = await Promise.all([3, 0, 4].map(of));
  expect(known.map(([first]) => first?.nullCount)).toEqual([3, 0, 4]);
  expect((await of(1))[1]).toEqual({ name: "c1", nullCount: 1 });
  expect(asked).toEqual([5]);
});

test("OK: fewer cuts at once where there are many columns", async () => {
  const { asked, of } = statisticsOf(Array.from({ length: 1000 }, () => "BIGINT"));
  expect((await Promise.all([0, 4].map(of))).map(([first]) => first?.nullCount)).toEqual([0, 4]);
  expect(asked.toSorted()).toEqual([1, 2]);
});

test.each(["BIGINT[]", "STRUCT(a BIGINT)", "MAP(VARCHAR, BIGINT)", "UNION(a BIGINT, b VARCHAR)", "DATE[3]"])(
  "OK: one cut at a time where rows are read for %s",
  async (dataType) => {
    const { asked, of } = statisticsOf(["BIGINT", dataType]);
    await Promise.all([0, 2].map(of));
    expect(asked).toEqual([1, 1]);
  },
);

test("rejects for all who wait with the same error, and asks again after it", async () => {
  const failure = new EngineFailure("crashed", "it crashed");
  const { asked, of } = statisticsOf(["BIGINT"], failure);
  const outcomes = await Promise.allSettled([0, 1].map(of));
  expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason === failure)).toEqual([
    true,
    true,
  ]);
  await expect(of(0)).rejects.toBe(failure);
  expect(asked).toEqual([5, 5]);
});
