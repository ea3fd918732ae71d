import { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type CorpusFile, contentOf } from "./corpus.ts";
import { readParquetExactly } from "./exact-parquet.ts";
import { findChange, type ReadTable } from "./keeps.ts";
import { createSource, queryAll, refusalOf, stage, type World } from "./world.ts";

/** What became of a file's values: all kept, refused in words, or anything else. */
export type Verdict = "kept" | "refused" | "changed" | "failed";
export type Outcome = { readonly verdict: Verdict; readonly detail: string };

/** What no refusal may have in it: options of other tools, folders of the server, and what was not meant for a caller. */
export const foreignWords =
  /ignore_errors|null_padding|sample_size|all_varchar|strict_mode|union_by_name|maximum_depth|max_line_size|encryption_config|TProtocolException|state machine|read_(csv|json|parquet|blob)|internal error|duckdb|\/(tmp|work|var|home|root)\//i;

/** What changed of a file that a query has read, found in another way; undefined when nothing did. */
export type FurtherCheck = (sourceId: string, queried: ReadTable) => Promise<string | undefined>;

/** Reads a file to its end as a user does: by a query, and then in another way. */
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

/** What changed of a file on its way into a job's Parquet. */
export const checkStaged =
  (world: World, file: CorpusFile): FurtherCheck =>
  async (sourceId) => {
    const [bytes] = await stage(world, sourceId, FileFormat.PARQUET);
    return bytes ? findChange(file, await readParquetExactly(bytes), false) : "no file";
  };

/** Why an outcome is not what the file's truth asks for; undefined when it is. */
export function findFault(file: CorpusFile, { verdict, detail }: Outcome): string | undefined {
  if (verdict === "kept") return file.refused ? "it was read, and has to be refused" : undefined;
  const words = file.refused ?? file.orRefused;
  if (verdict !== "refused" || !words) return `${verdict}: ${detail}`;
  // What a file is called says nothing of what is wrong with it.
  const told = detail.replaceAll(file.name, "").toLowerCase();
  const missing = words.filter(
    (word) => !(word === file.name ? detail.includes(word) : told.includes(word.toLowerCase())),
  );
  if (missing.length > 0) return `the refusal lacks ${missing.join(", ")}: ${detail}`;
  return foreignWords.test(detail) ? `the refusal has foreign words: ${detail}` : undefined;
}
