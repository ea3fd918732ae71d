import { expect, test } from "vitest";
import { pathOf, readCorpus } from "./corpus.ts";
import { makeTable, readResults, readTable } from "./results.ts";

test("OK: the page about types has the results of every file of the corpus, and no others", async () => {
  const paths = (await readCorpus()).map(pathOf).sort();
  expect(Object.keys(await readResults()).sort()).toEqual(paths);
  expect(narrow(await readTable())).toBe(narrow(await makeTable()));
});

/** Removes the padding of table cells. */
const narrow = (table: string): string => table.trim().replace(/ +\|/g, " |").replace(/-{3,}/g, "---");
