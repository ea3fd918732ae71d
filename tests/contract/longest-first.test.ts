import { expect, test } from "vitest";
import type { TestSpecification, Vitest } from "vitest/node";
import { LongestFirst } from "../../tools/test-run/longest-first.ts";

const specification = (project: string, path: string) =>
  ({ project: { name: project }, moduleId: `/project/tests/${path}.test.ts` }) as TestSpecification;

test("waiting files begin first, the longest of them before the others, and what computes for long begins late", async () => {
  const expected = [
    specification("processes", "staging/faults"),
    specification("processes", "edge/tls"),
    specification("mesh", "orchestration/hostile-files"),
    specification("mesh", "edge/batch"),
    specification("mesh", "edge/cors"),
    specification("mesh", "orchestration/gate-catalogue"),
    specification("contract", "contract/contract"),
    specification("pure", "lib/ids"),
  ];
  const sequencer = new LongestFirst({ config: { root: "/project" } } as Vitest);
  expect(await sequencer.sort(expected.toReversed())).toEqual(expected);
  expect(await sequencer.sort([...expected.slice(3), ...expected.slice(0, 3)])).toEqual(expected);
});
