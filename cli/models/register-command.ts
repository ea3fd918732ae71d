import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromJsonString } from "@bufbuild/protobuf";
import {
  GetModelVersionResponseSchema,
  ModelService,
  ModelSignatureSchema,
  type ModelVersion,
  ModelVersionState,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { many, text, whole } from "../command/options.ts";
import { CommandError, usageError } from "../failures/command-error.ts";
import { parseEntries } from "../namespaces/parse-entries.ts";
import { findModelFiles } from "./find-model-files.ts";
import { findModelVersion } from "./model-reference.ts";
import { uploadModelFiles } from "./upload-model-files.ts";

const parallel = whole("n", "files at the same time (default 4)", { min: 1, max: 32 });
const parallelDefault = 4;

export const register = command({
  name: "register",
  summary: "Register a version of a model from a folder",
  details:
    "The version is ready when all files are uploaded and their hashes are right. `models upload` continues after an interruption. " +
    "Files whose names begin with a dot are left out.",
  args: ["<model>", "<folder>"],
  options: {
    namespace: text("name", "namespace of the model (default `default`)"),
    description: text("text", "what is new about it"),
    card: text("file", "model card in Markdown"),
    algorithm: text("name", "algorithm or framework, such as xgboost"),
    metric: many("name=number", "a metric, such as auc=0.93; can be repeated"),
    parameter: many("name=value", "a parameter of the training; can be repeated"),
    tag: many("name=value", "a tag; can be repeated"),
    signature: text("file", "inputs and outputs as JSON, as the API has them"),
    stagingJob: text("id", "the staging job whose data it was made of"),
    dataset: many("id", "a data set that it was made of, by its id in the lineage graph; can be repeated"),
    alias: text("name", "an alias to point to it once it is ready"),
    parallel,
  },
  examples: [
    "models register churn ./model --metric auc=0.93 --parameter depth=6",
    "models register churn model.onnx --card README.md --alias challenger",
  ],
  async run(call, [model, folder], options) {
    const sources = await findModelFiles(folder);
    const client = await call.client(ModelService);
    const { modelVersion } = await client.registerModelVersion(
      {
        modelName: model,
        namespace: options.namespace ?? "",
        files: sources.map(({ path, sha256, sizeBytes }) => ({ path, sha256, sizeBytes: BigInt(sizeBytes) })),
        description: options.description ?? "",
        card: options.card === undefined ? "" : await readFile(options.card, "utf8"),
        algorithm: options.algorithm ?? "",
        metrics: parseMetrics(options.metric),
        parameters: parseEntries(options.parameter),
        tags: parseEntries(options.tag),
        ...(options.signature && { signature: await readSignature(options.signature) }),
        stagingJobId: options.stagingJob ?? "",
        datasetIds: [...options.dataset],
        requestId: randomUUID(),
      },
      { signal: call.signal },
    );
    if (!modelVersion) throw new TypeError("the response has no version");
    call.terminal.note(`Version ${modelVersion.version} of ${model} is registered.`);
    const ready = await uploadModelFiles(call, modelVersion, sources, options.parallel ?? parallelDefault);
    if (options.alias !== undefined) await setAlias(call, ready, options.alias);
    await showUploaded(call, ready);
  },
});

export const upload = command({
  name: "upload",
  summary: "Upload the files that a registered version still misses",
  args: ["<version>", "<folder>"],
  options: { namespace: text("name", "namespace of the model (default `default`)"), parallel },
  examples: ["models upload churn:3 ./model"],
  async run(call, [reference, folder], { namespace, parallel: limit }) {
    const version = await findModelVersion(call, reference, namespace);
    const sources = await findModelFiles(folder);
    await showUploaded(call, await uploadModelFiles(call, version, sources, limit ?? parallelDefault));
  },
});

async function setAlias(call: Call, { modelId, version }: ModelVersion, alias: string): Promise<void> {
  const client = await call.client(ModelService);
  await client.setModelAlias({ model: modelId, alias, version }, { signal: call.signal });
}

async function showUploaded(call: Call, modelVersion: ModelVersion): Promise<void> {
  const { modelName, version, state, stateMessage } = modelVersion;
  if (state !== ModelVersionState.READY)
    throw new CommandError(`version ${version} of ${modelName} is not ready: ${stateMessage}`);
  await call.show(GetModelVersionResponseSchema, response(modelVersion), () =>
    call.terminal.note(`${modelName}:${version} is ready.`),
  );
}

const response = (modelVersion: ModelVersion) => ({
  $typeName: GetModelVersionResponseSchema.typeName,
  modelVersion,
});

function parseMetrics(texts: readonly string[]): Record<string, number> {
  const entries = Object.entries(parseEntries(texts)).map(([name, value]): [string, number] => {
    const number = Number(value);
    if (value.trim() === "" || (Number.isNaN(number) && value !== "NaN"))
      throw usageError(`${name}=${value} is no metric`, "write a number, NaN, Infinity or -Infinity");
    return [name, number];
  });
  return Object.fromEntries(entries);
}

async function readSignature(file: string): Promise<MessageInitShape<typeof ModelSignatureSchema>> {
  try {
    return fromJsonString(ModelSignatureSchema, await readFile(file, "utf8"));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw usageError(`${file} is no signature: ${problem}`, 'write {"inputs": [{"name": …, "type": …}]}');
  }
}
