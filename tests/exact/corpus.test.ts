import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkFile, checkStaged, findFault } from "./check-file.ts";
import { pathOf, readCorpus, readKinds, readKnownLosses } from "./corpus.ts";
import { startWorld, type World } from "./world.ts";

const corpus = await readCorpus();
const known = await readKnownLosses();

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** The first readable file of each kind is also staged. */
const staged = new Set(
  Object.values(
    Object.groupBy(
      corpus.filter(({ rows }) => rows),
      ({ kind }) => kind,
    ),
  ).map((files) => files?.[0]),
);

describe.concurrent("the corpus", { timeout: 600_000 }, () => {
  test.each(corpus.map((file) => [pathOf(file), file] as const))("%s", async (path, file) => {
    const further = staged.has(file) ? checkStaged(world, file) : async () => undefined;
    const fault = findFault(file, await checkFile(world, file, further));
    if (known[path] === undefined) expect(fault).toBeUndefined();
    else expect(fault, `${path} is mended: take it out of known-losses.json`).toBeDefined();
  });
});

test("OK: each kind has five files and a public report, and each known loss is a file", async () => {
  const kinds = Object.entries(await readKinds());
  expect(kinds.length).toBeGreaterThanOrEqual(30);
  for (const [kind, { reports }] of kinds) {
    expect(corpus.filter((file) => file.kind === kind).length, kind).toBeGreaterThanOrEqual(5);
    expect(reports.length, kind).toBeGreaterThan(0);
    for (const report of reports)
      expect(report).toMatch(/^https:\/\/github\.com\/[^/]+\/[^/]+\/(issues|pull)\/\d+$/);
  }
  expect(Object.keys(known).filter((path) => !corpus.some((file) => pathOf(file) === path))).toEqual([]);
});
