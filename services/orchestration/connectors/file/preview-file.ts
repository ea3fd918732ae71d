import { invalidField } from "../../../lib/rpc/errors.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import type { FilePreview } from "../../engine/protocol.ts";
import type { ReadingSettings } from "../../engine/reading-settings.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Preview, PreviewRequest, Repeatable, Settings } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { contentIdOf } from "./content-id.ts";
import type { FileReaderDeps, TableFile } from "./deps.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { readingSettingsOf } from "./settings.ts";

/** Reads a whole file and returns its first rows. A file that cannot be read is a result with problems, not an error. */
export async function previewFile(
  { engine, quarantine }: FileReaderDeps,
  { borrow, settings }: TableFile,
  { table, maxRows }: PreviewRequest,
  limit: Limit,
): Promise<Preview & Repeatable> {
  if (table) throw invalidField("table", "a file is one table: leave it out");
  using blob = await borrow(limit);
  const { path, name: fileName } = blob;
  const task = {
    kind: "preview" as const,
    path,
    fileName,
    settings: readingSettingsOf(settings),
    maxRows,
  };
  return withEngineFailures(fileNamed(blob), async () => {
    const found = await quarantine.watch({ file: blob }, async () => {
      const reply = await engine.run(task, limit).catch(asProblem);
      if (!("kind" in reply)) return reply;
      if (reply.kind !== "previewed") throw new Error("the engine answered something else");
      // Values that do not fit a setting are counted here. Other reads of the file refuse them.
      return { readable: reply.preview.problems.length === 0, hasFailed: false, ...reply.preview };
    });
    const { found: foundSettings, rowCount, hasFailed, ...rest } = found;
    return {
      ...rest,
      settings: toSettings(foundSettings),
      schemaName: "",
      tableName: tableNameOf(blob, settings),
      rowCount: found.readable ? BigInt(rowCount) : undefined,
      truncated: found.rows.length < rowCount,
      // What seems to be the file's fault can be the machine's, and pass.
      contentId: hasFailed ? undefined : contentIdOf(blob, settings),
    };
  });
}

const toSettings = (settings: ReadingSettings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;

/** A problem that the owner of the file can fix is not an error of the call. */
function asProblem(error: unknown): FilePreview & { readable: false; hasFailed: true } {
  if (!(error instanceof EngineFailure) || error.kind !== "sourceDataInvalid") throw error;
  const line = /\bline (\d{1,15})\b/.exec(error.message)?.[1];
  const problem = {
    line: line === undefined ? undefined : Number(line),
    column: undefined,
    message: error.message,
  };
  return {
    readable: false,
    hasFailed: true,
    found: {},
    columns: [],
    rows: [],
    rowCount: 0,
    problems: [problem],
  };
}
