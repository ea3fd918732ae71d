import { PreviewSourceResponseSchema, SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { command } from "../command/command.ts";
import { text, whole } from "../command/options.ts";
import { CommandError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { settingsOptions } from "../sources/read-settings.ts";
import { showPreview } from "../sources/show-preview.ts";
import { settingsOf } from "./sources.ts";

export const preview = command({
  name: "preview",
  summary: "Show how a source is read, its first rows and its problems",
  details: "Options change the settings for this preview only, so that they can be tried out.",
  args: ["[source]"],
  options: {
    table: text("schema.name", "table of a database"),
    rows: whole("n", "number of rows (default 20)", { min: 1, max: 1000 }),
    connector: text("name", "kind of a source that is not registered"),
    ...settingsOptions,
  },
  examples: [
    "preview weather",
    "preview weather --set header=false --rows 5",
    "preview shop --table public.orders",
    "preview --connector file --set fileId=01976f3e-0000-7000-8000-000000000000",
  ],
  async run(call, [source], { table, rows, ...options }) {
    const settings = await settingsOf(call, source, options);
    const request = { ...settings, maxRows: rows ?? 20, ...(table && { table: tableOf(table) }) };
    const response = await (await call.client(SourceService)).previewSource(request, { signal: call.signal });
    await call.show(PreviewSourceResponseSchema, response, () =>
      showPreview(call.terminal, response.preview),
    );
    if (response.preview?.readable === false) {
      throw new CommandError("the source can't be read with these settings", {
        exitCode: exitCodes.invalid,
        advice: "the problems above say what to set, with --set name=value",
      });
    }
  },
});

function tableOf(text: string): { schemaName: string; name: string } {
  const at = text.indexOf(".");
  return at < 0
    ? { schemaName: "public", name: text }
    : { schemaName: text.slice(0, at), name: text.slice(at + 1) };
}
