import { invalidField } from "../../../lib/rpc/errors.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import type { FilePreview } from "../../engine/protocol.ts";
import type { ReadingSettings } from "../../engine/reading-settings.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Preview, PreviewRequest, Settings } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import type { FileConnectorDeps } from "./deps.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { type FileSettings, readingSettingsOf } from "./settings.ts";

/** Reads all of a file and answers its first rows. That it can't be read is an answer, which names what is wrong. */
export async function previewFile(
  { blobs, engine, quarantine }: FileConnectorDeps,
  settings: FileSettings,
  { table, maxRows }: PreviewRequest,
  limit: Limit,
): Promise<Preview> {
  if (table) throw invalidField("table", "a file is one table: leave it out");
  using blob = await blobs.borrow(settings.fileId, limit.signal);
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
      // What does not fit a setting is counted here, and refused where it is read for good.
      return { readable: reply.preview.problems.length === 0, ...reply.preview };
    });
    const { found: foundSettings, rowCount, ...rest } = found;
    return {
      ...rest,
      settings: toSettings(foundSettings),
      schemaName: "",
      tableName: tableNameOf(blob, settings),
      rowCount: found.readable ? BigInt(rowCount) : undefined,
      truncated: found.rows.length < rowCount,
    };
  });
}

const toSettings = (settings: ReadingSettings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;

/** What the owner of a file can mend is no error of the call. */
function asProblem(error: unknown): FilePreview & { readable: false } {
  if (!(error instanceof EngineFailure) || error.kind !== "sourceDataInvalid") throw error;
  const line = /\bline (\d{1,15})\b/.exec(error.message)?.[1];
  const problem = {
    line: line === undefined ? undefined : Number(line),
    column: undefined,
    message: error.message,
  };
  return { readable: false, found: {}, columns: [], rows: [], rowCount: 0, problems: [problem] };
}
