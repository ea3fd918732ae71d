import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Judgement } from "./check-file.ts";
import { pathOf, readCorpus, readKinds } from "./corpus.ts";
import type { Reader } from "./python.ts";

/** The verdict on each reader for one file. */
export type FileResult = Readonly<Record<Reader | "sluice", Judgement>>;

/** Results of the last `npm run test:exact` with EXACT_WRITE=1. */
export const resultsPath = join(import.meta.dirname, "corpus/results.json");

const columns: readonly (keyof FileResult)[] = ["sluice", "duckdb", "polars", "pyarrow"];

const pagePath = join(import.meta.dirname, "../../docs/types.md");
const between = /(?<=<!-- corpus -->\n).*(?=<!-- \/corpus -->)/s;

/** Reads the table of the page. */
export const readTable = async (): Promise<string> =>
  between.exec(await readFile(pagePath, "utf8"))?.[0] ?? "";

export async function writeTable(): Promise<void> {
  const table = await makeTable();
  await writeFile(
    pagePath,
    (await readFile(pagePath, "utf8")).replace(between, () => table),
  );
}

export const readResults = async (): Promise<Record<string, FileResult>> =>
  JSON.parse(await readFile(resultsPath, "utf8"));

/** Makes the table of docs/types.md: per kind, the number of files that each reader treats as expected. */
export async function makeTable(): Promise<string> {
  const results = await readResults();
  const corpus = await readCorpus();
  const rows = Object.entries(await readKinds()).map(([kind, { title }]) => {
    const files = corpus.filter((file) => file.kind === kind);
    const cells = columns.map((reader) => {
      const verdicts = files.map((file) => ({ file, verdict: results[pathOf(file)]?.[reader] ?? "changed" }));
      const right = verdicts.filter(({ file, verdict }) =>
        file.refused
          ? verdict === "refused"
          : verdict === "kept" || (verdict === "refused" && file.orRefused),
      );
      const refused = verdicts.filter((each) => each.verdict === "refused" && !right.includes(each)).length;
      return describe(right.length, files.length, refused);
    });
    return `| ${[`${kind}: ${title}`, ...cells].join(" | ")} |`;
  });
  const head = ["| Kind | Sluice | DuckDB | polars | pyarrow |", "| --- | --- | --- | --- | --- |"];
  return [...head, ...rows, ""].join("\n");
}

function describe(right: number, all: number, refused: number): string {
  if (right === all) return "all";
  const changed = all - right - refused;
  const rest = [refused > 0 ? `${refused} refused` : "", changed > 0 ? `${changed} changed` : ""].filter(
    Boolean,
  );
  return `${right} of ${all}; ${rest.join(", ")}`;
}
