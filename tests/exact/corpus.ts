import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Plain } from "./canonical.ts";

/** A value of a file: its text, and its meaning if that differs. Several texts may be equivalent. */
export type Cell = Plain | Meaning;
type Meaning = { readonly text: string | readonly string[]; readonly value: Plain };

type Made = { head: string; line: string; lines: number; tail: string; tailTimes?: number };

/** The expected content of a file: see corpus/README.md. */
type Truth = {
  readonly settings?: JsonObject;
  readonly made?: Made;
  readonly columns?: readonly [name: string, type: string][];
  readonly columnCount?: number;
  readonly rows?: readonly Cell[][];
  readonly rowCount?: number;
  readonly lastRows?: readonly Cell[][];
  readonly refused?: readonly string[];
  readonly orRefused?: readonly string[];
};

export type CorpusFile = Truth & { readonly kind: string; readonly name: string };
type Kind = { readonly title: string; readonly reports: readonly string[] };

const folder = join(import.meta.dirname, "corpus");

const readJson = async (...path: string[]) => JSON.parse(await readFile(join(folder, ...path), "utf8"));

/** Kinds of files by name. */
export const readKinds = (): Promise<Record<string, Kind>> => readJson("manifest.json");

export async function readCorpus(): Promise<CorpusFile[]> {
  const kinds = Object.keys(await readKinds());
  const files = kinds.map(async (kind) => {
    const truths: Record<string, Truth> = await readJson(kind, "truth.json");
    return Object.entries(truths).map(([name, truth]) => ({ kind, name, ...truth }));
  });
  return (await Promise.all(files)).flat();
}

/** Files that lose values today, and how. A fixed one must leave the list. */
export const readKnownLosses = async (): Promise<Record<string, string>> =>
  JSON.parse(await readFile(join(import.meta.dirname, "known-losses.json"), "utf8"));

export const pathOf = ({ kind, name }: CorpusFile): string => `${kind}/${name}`;

export async function contentOf({ kind, name, made }: CorpusFile): Promise<Buffer> {
  return made ? Buffer.from(make(made)) : readFile(join(folder, kind, name));
}

function make({ head, line, lines, tail, tailTimes = 1 }: Made): string {
  const numbered = (index: number) =>
    line
      .replaceAll("{i}", String(index))
      .replace("{i1}", String(index + 1))
      .replace("{i:04}", String(index).padStart(4, "0"));
  return (
    head + Array.from({ length: lines }, (_, index) => numbered(index)).join("") + tail.repeat(tailTimes)
  );
}

export const isMeaning = (cell: Cell): cell is Meaning =>
  typeof cell === "object" && cell !== null && !Array.isArray(cell) && "text" in cell && "value" in cell;
