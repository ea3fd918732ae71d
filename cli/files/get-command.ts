import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, text } from "../command/options.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { writeOut } from "../terminal/write-out.ts";
import { showBytes } from "../transfer/byte-progress.ts";
import { downloadTo } from "../transfer/download.ts";
import { downloadAll } from "../transfer/download-all.ts";
import type { Stored } from "../transfer/read-from.ts";
import { createRetries, withRetries } from "../transfer/retry.ts";
import { retriesDefault } from "../transfer/retry-limits.ts";
import { parallel, parallelDefault, retries } from "./transfer-options.ts";

export const get = command({
  name: "get",
  summary: "Download files, and verify them",
  details:
    "The bytes are collected in a hidden file, which a repeated command continues. The file gets its name when its SHA-256 is right. " +
    "If the file has changed on the server meanwhile, its download begins anew.",
  args: ["<files...>"],
  options: {
    output: text("path", "file, folder, or - for standard output; by default the file's own name here", {
      short: "o",
    }),
    force: flag("replace existing files", { short: "f" }),
    retries,
    parallel,
  },
  examples: [
    "files get weather.csv",
    "files get 01976f3e-0000-7000-8000-000000000000 -o data/",
    "files get weather.csv -o - | head",
  ],
  async run(call, [names], { output, force, parallel: limit = parallelDefault, retries: given }) {
    const retriesMax = given ?? retriesDefault;
    const files = await findFiles(call, names, retriesMax);
    if (output !== "-") return downloadAll(call, files, { output, force, limit, retriesMax });
    // The content itself is on standard output: a bar would be in its way on a terminal.
    using report = showBytes({ ...call, terminal: { ...call.terminal, showsProgress: false } }, "", 0);
    for (const file of files) await downloadTo(call, file, { write: writeOut, retriesMax, report });
  },
});

async function findFiles(call: Call, names: readonly string[], retriesMax: number): Promise<Stored[]> {
  using report = showBytes(call, "", 0);
  return Promise.all(
    names.map((name) => {
      const retries = createRetries(name, { signal: call.signal, report, retriesMax });
      return withRetries(retries, () => findFile(call, name));
    }),
  );
}

async function findFile(call: Call, nameOrId: string): Promise<Stored> {
  const fileId = await resolveFile(call, nameOrId);
  const { file } = await (await call.client(FileService)).getFile({ fileId }, { signal: call.signal });
  return file ?? { fileId, name: "", sizeBytes: 0n, sha256: "" };
}
