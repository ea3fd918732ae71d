import { UploadFileResponseSchema } from "../../gen/sluice/storage/v1/files_pb.ts";
import { command } from "../command/command.ts";
import { printItems } from "../command/list.ts";
import { flag, many, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { parseEntries } from "../namespaces/parse-entries.ts";
import { formatSize } from "../terminal/value.ts";
import { showBytes } from "../transfer/byte-progress.ts";
import { labelOf } from "../transfer/download-all.ts";
import { inParallel } from "../transfer/in-parallel.ts";
import type { Stored } from "../transfer/read-from.ts";
import { retriesDefault } from "../transfer/retry-limits.ts";
import { findUploads, type UploadSource, upload } from "../transfer/upload.ts";
import { parallel, parallelDefault, retries } from "./transfer-options.ts";

const columns = [
  { title: "id", value: ({ fileId }: Stored) => fileId },
  { title: "name", value: ({ name }: Stored) => name },
  { title: "size", align: "right", value: ({ sizeBytes }: Stored) => formatSize(sizeBytes) },
  { title: "sha256", value: ({ sha256 }: Stored) => sha256 },
] as const;

export const put = command({
  name: "put",
  summary: "Upload files, or all files of folders",
  details:
    "Each file is stored completely or not at all, and its SHA-256 is compared with the one of your file. The upload of a file " +
    "of 8 MiB or more that was interrupted goes on where it stopped when you repeat the command.",
  args: ["<paths...>"],
  options: {
    name: text("name", "name of the stored file, for one file or standard input"),
    namespace: text("name", "namespace of the files (default `default`)"),
    folder: text("path", "folder of the stored files, such as 2026/orders/"),
    contentType: text("type", "media type; by default by the extension of the name"),
    tag: many("word", "a tag of the files; can be repeated"),
    property: many("name=value", "a property of the files; can be repeated"),
    noResume: flag("begin anew, even if an earlier command was interrupted"),
    retries,
    parallel,
    quiet: flag("print ids only", { short: "q" }),
  },
  examples: [
    "files put weather.csv",
    "files put data/ --parallel 8 --namespace lab --tag raw",
    "files put backup.tar --no-resume",
    "pg_dump shop | sluice files put - --name shop.sql",
  ],
  async run(call, [paths], { name, parallel: limit, quiet, ...given }) {
    const sources = await findSources(paths, name);
    const wholeBytes = sources.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
    using progress = showBytes(call, `Uploading ${labelOf(sources)}`, wholeBytes);
    const { namespace, folder, contentType, tag, property, noResume, retries: retriesMax } = given;
    const options = {
      namespace,
      folder: folder && folderOf(folder),
      contentType,
      tags: [...tag],
      properties: parseEntries(property),
      restart: noResume,
      retriesMax: retriesMax ?? retriesDefault,
      report: progress,
    };
    const stored: Stored[] = [];
    try {
      await inParallel(sources, limit ?? parallelDefault, async (source) => {
        const response = await upload(call, source, options);
        if (response.file) stored.push(response.file);
        if (call.json) await call.show(UploadFileResponseSchema, response, () => {});
      });
    } finally {
      // What is stored stays, even if another file failed.
      progress[Symbol.dispose]();
      if (!call.json && quiet) for (const { fileId } of stored) call.terminal.print(fileId);
      else if (!call.json && stored.length > 0) printItems(call, columns, stored);
    }
  },
});

/** Folders end with a slash, which people tend to leave out. */
const folderOf = (path: string): string => (path.endsWith("/") ? path : `${path}/`);

async function findSources(paths: readonly string[], name: string | undefined): Promise<UploadSource[]> {
  const found = await Promise.all(
    paths.map(async (path) => (path === "-" ? [standardInput(name)] : findUploads(path))),
  );
  const sources = found.flat();
  if (sources.length === 0) throw usageError("there are no files in these folders");
  if (name === undefined) return sources;
  if (sources.length > 1) throw usageError("--name is for one file");
  return sources.map((source) => ({ ...source, name }));
}

function standardInput(name: string | undefined): UploadSource {
  if (name === undefined) throw usageError("a file from standard input needs a name", "give it with --name");
  return { name, sizeBytes: undefined, read: () => process.stdin };
}
