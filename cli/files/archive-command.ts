import { ArchiveFormat, ArchiveService } from "../../gen/sluice/storage/v1/archives_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, text } from "../command/options.ts";
import { interrupted, usageError } from "../failures/command-error.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { type Write, writeFileWhole } from "../terminal/write-file.ts";
import { writeOut } from "../terminal/write-out.ts";
import { showBytes } from "../transfer/byte-progress.ts";
import { exists } from "../transfer/part-file.ts";

const formats = { zip: ArchiveFormat.ZIP, tar: ArchiveFormat.TAR };

export const archive = command({
  name: "archive",
  summary: "Download several files as one zip or tar",
  details:
    "The archive is made while it is downloaded, so an interrupted download begins anew. It gets its name when it is complete.",
  args: ["[files...]"],
  options: {
    prefix: text("text", "all uploads whose folder and name begin with it"),
    namespace: text("name", "with --prefix, only files of this namespace"),
    format: text("format", "format (default: by the name of --output, otherwise zip)", {
      choices: Object.keys(formats),
    }),
    output: text("path", "file, or - for standard output", { short: "o" }),
    force: flag("replace an existing file", { short: "f" }),
  },
  examples: [
    "files archive weather.csv flights.parquet -o both.zip",
    "files archive --prefix reports/2026/ -o reports.tar",
    "files archive --prefix raw/ --format tar -o - | tar -x",
  ],
  async run(call, [names], { prefix = "", namespace = "", format, output, force }) {
    if (names.length > 0 === (prefix !== ""))
      throw usageError("nothing to archive, or too much", "give files or --prefix, not both");
    if (output === undefined) throw usageError("the archive needs a name", "give it with --output");
    const fileIds = await Promise.all(names.map((name) => resolveFile(call, name)));
    const chosen = format ?? (output.endsWith(".tar") ? "tar" : "zip");
    const request = { fileIds, prefix, namespace, format: formats[chosen as keyof typeof formats] };
    if (output === "-") return read(call, request, writeOut);
    if (!force && (await exists(output)))
      throw usageError(`${output} exists`, "choose another name with --output, or add --force");
    using progress = showBytes(call, `Downloading ${output}`, 0);
    await writeFileWhole(output, (write) =>
      read(call, request, async (data) => {
        await write(data);
        progress.advance(data.length);
      }),
    );
    progress[Symbol.dispose]();
    call.terminal.note(`${output} is complete.`);
  },
});

type Request = { fileIds: string[]; prefix: string; namespace: string; format: ArchiveFormat };

async function read(call: Call, request: Request, write: Write): Promise<void> {
  const client = await call.client(ArchiveService);
  try {
    for await (const { data } of client.downloadArchive(request, { signal: call.signal })) await write(data);
  } catch (error) {
    throw call.signal.aborted ? interrupted() : error;
  }
}
