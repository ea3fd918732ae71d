import { ModelService, type ModelVersion } from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Call } from "../command/call.ts";
import { usageError } from "../failures/command-error.ts";

/** A model, and its version by number or alias if the text names one: `churn`, `churn:3`, `churn@champion`. */
export type ModelReference = { readonly model: string; readonly version?: number; readonly alias?: string };

export function parseModelReference(text: string): ModelReference {
  const [, model = "", number, alias] = /^([^:@]+)(?::(\d+)|@(.+))?$/.exec(text) ?? [];
  if (model === "")
    throw usageError(`${text} is no model or version`, "write churn, churn:3 or churn@champion");
  return { model, ...(number && { version: Number(number) }), ...(alias && { alias }) };
}

/** The version that a text names. */
export async function findModelVersion(call: Call, text: string, namespace = ""): Promise<ModelVersion> {
  const { model, version, alias } = parseModelReference(text);
  const client = await call.client(ModelService);
  const options = { signal: call.signal };
  if (version === undefined && alias === undefined)
    throw usageError(`${text} names no version`, `write ${model}:<version> or ${model}@<alias>`);
  const { modelVersion } =
    alias === undefined
      ? await client.getModelVersion({ model, namespace, version: version ?? 0 }, options)
      : await client.getModelVersionByAlias({ model, namespace, alias }, options);
  if (!modelVersion) throw new TypeError("the response has no version");
  return modelVersion;
}
