import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ModelSafety, ModelService, type ModelVersion } from "../../gen/sluice/storage/v1/models_pb.ts";
import { command } from "../command/command.ts";
import { flag, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { showBytes } from "../transfer/byte-progress.ts";
import { download } from "../transfer/download.ts";
import { safeFileName } from "../transfer/file-name.ts";
import { inParallel } from "../transfer/in-parallel.ts";
import { retriesDefault } from "../transfer/retry-limits.ts";
import { findModelVersion } from "./model-reference.ts";

const parallelDefault = 4;

export const downloadModel = command({
  name: "download",
  summary: "Download the files of a version, and verify them",
  details:
    "A repeated command continues an interrupted one. Files that could run code when they are loaded need --unsafe.",
  args: ["<version>"],
  options: {
    namespace: text("name", "namespace of the model (default `default`)"),
    output: text("folder", "folder for the files; by default <model>-<version> here", { short: "o" }),
    force: flag("replace existing files", { short: "f" }),
    unsafe: flag("also a version with a pickle"),
    parallel: whole("n", "files at the same time (default 4)", { min: 1, max: 32 }),
  },
  examples: ["models download churn@champion", "models download churn:3 -o model/"],
  async run(call, [reference], { namespace, output, force, unsafe, parallel }) {
    const version = await findModelVersion(call, reference, namespace);
    refuseUnsafe(version, unsafe);
    const folder = output ?? safeFileName(`${version.modelName}-${version.version}`, "model");
    const client = await call.client(ModelService);
    using progress = showBytes(call, `Downloading ${version.files.length} files`, Number(version.sizeBytes));
    await inParallel(version.files, parallel ?? parallelDefault, async ({ path, ...file }) => {
      const target = join(folder, ...path.split("/").map((name) => safeFileName(name, "_")));
      await mkdir(dirname(target), { recursive: true });
      const request = { model: version.modelId, version: version.version, path };
      await download(call, { ...file, name: path }, target, {
        force,
        retriesMax: retriesDefault,
        report: progress,
        read: (part, options) => client.downloadModelFile({ ...request, ...part }, options),
      });
    });
    progress[Symbol.dispose]();
    call.terminal.note(`${folder} has ${version.modelName}:${version.version}, complete and verified.`);
  },
});

function refuseUnsafe({ files }: ModelVersion, isAllowed: boolean): void {
  const [finding] = files.flatMap(({ path, findings }) => findings.map((text) => `${path}: ${text}`));
  const isUnsafe = files.some(({ safety }) => safety === ModelSafety.UNSAFE);
  if (isUnsafe && !isAllowed)
    throw usageError(
      `loading this version can run code (${finding})`,
      "add --unsafe if you trust those who made it",
    );
}
