import { createReadStream } from "node:fs";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ModelService,
  type ModelVersion,
  type UploadModelFileRequestSchema,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Call } from "../command/call.ts";
import { CommandError } from "../failures/command-error.ts";
import { showBytes } from "../transfer/byte-progress.ts";
import { inParallel } from "../transfer/in-parallel.ts";
import type { ModelSource } from "./find-model-files.ts";

const chunkBytes = 256 * 1024;

/** Uploads the files that a version still misses. Returns the version, which is ready then. */
export async function uploadModelFiles(
  call: Call,
  version: ModelVersion,
  sources: readonly ModelSource[],
  parallel: number,
): Promise<ModelVersion> {
  const wanted = missingOf(version, sources);
  const wholeBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  using progress = showBytes(call, `Uploading ${wanted.length} files`, wholeBytes);
  const client = await call.client(ModelService);
  const onBytes = (bytes: number) => progress.advance(bytes);
  await inParallel(wanted, parallel, (source) =>
    client.uploadModelFile(requests(version, source, onBytes), { signal: call.signal }),
  );
  const { modelVersion } = await client.getModelVersion(
    { model: version.modelId, version: version.version },
    { signal: call.signal },
  );
  return modelVersion ?? version;
}

/** The sources of missing files. Each must be what the version announces. */
function missingOf(version: ModelVersion, sources: readonly ModelSource[]): ModelSource[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return version.files
    .filter(({ fileId }) => fileId === "")
    .map(({ path, sha256 }) => {
      const source = byPath.get(path);
      if (source?.sha256 === sha256) return source;
      const problem = source ? "has another content than the version was registered with" : "is not there";
      throw new CommandError(`${path} ${problem}`, { advice: "register another version" });
    });
}

async function* requests(
  { modelId: model, version }: ModelVersion,
  { path, file, sizeBytes }: ModelSource,
  onBytes: (bytes: number) => void,
): AsyncIterable<MessageInitShape<typeof UploadModelFileRequestSchema>> {
  yield { part: { case: "header", value: { model, version, path, sizeBytes: BigInt(sizeBytes) } } };
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
    yield { part: { case: "chunk", value: chunk } };
    onBytes(chunk.length);
  }
}
