import { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type CorpusFile, contentOf } from "./corpus.ts";
import { readParquetExactly } from "./exact-parquet.ts";
import { findChange, type ReadTable } from "./keeps.ts";
import { createSource, queryAll, refusalOf, stage, type World } from "./world.ts";

/** The fate of a file's values: all kept, refused with an explanation, changed, or failed in another way. */
export type Judgement = "kept" | "refused" | "changed" | "failed";
export type Outcome = { readonly verdict: Judgement; readonly detail: string };

/** Texts that no refusal may contain: options of other tools, folders of the server, and internals. */
export const foreignWords =
  /ignore_errors|null_padding|sample_size|all_varchar|strict_mode|union_by_name|maximum_depth|max_line_size|encryption_config|TProtocolException|state machine|read_(csv|json|parquet|blob)|internal error|duckdb|\/(tmp|work|var|home|root)\//i;

/** Compares a queried file with another way of reading it; describes the first change, if any. */
export type FurtherCheck = (sourceId: string, queried: ReadTable) => Promise<string | undefined>;

/** Reads all of a file by a query, and then in another way. */
export async function checkFile(world: World, file: CorpusFile, further: FurtherCheck): Promise<Outcome> {
  try {
    const { name, settings = {} } = file;
    const sourceId = await createSource(world, { name, content: await contentOf(file), settings });
    const queried = await queryAll(world, sourceId);
    const change = findChange(file, queried, true);
    if (change !== undefined) return { verdict: "changed", detail: `queried: ${change}` };
    const staged = await further(sourceId, queried);
    return staged === undefined
      ? { verdict: "kept", detail: "" }
      : { verdict: "changed", detail: `staged: ${staged}` };
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) return { verdict: "failed", detail: String((error as Error).message) };
    const isRefusal = refusal.reason === "SOURCE_DATA_INVALID";
    return { verdict: isRefusal ? "refused" : "failed", detail: `${refusal.reason}: ${refusal.message}` };
  }
}

/** Compares a file with the Parquet that a job stages. */
export const checkStaged =
  (world: World, file: CorpusFile): FurtherCheck =>
  async (sourceId) => {
    const [bytes] = await stage(world, sourceId, FileFormat.PARQUET);
    return bytes ? findChange(file, await readParquetExactly(bytes), false) : "no file";
  };

/** Why an outcome differs from the one that the corpus expects; undefined if it does not. */
export function findFault(file: CorpusFile, { verdict, detail }: Outcome): string | undefined {
  if (verdict === "kept") return file.refused ? "it was read, and has to be refused" : undefined;
  const words = file.refused ?? file.orRefused;
  if (verdict !== "refused" || !words) return `${verdict}: ${detail}`;
  // The name of a file must not count as an explanation.
  const told = detail.replaceAll(file.name, "").toLowerCase();
  const missing = words.filter(
    (word) => !(word === file.name ? detail.includes(word) : told.includes(word.toLowerCase())),
  );
  if (missing.length > 0) return `the refusal lacks ${missing.join(", ")}: ${detail}`;
  return foreignWords.test(detail) ? `the refusal has foreign words: ${detail}` : undefined;
}
