import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CompareModelVersionsResponseSchema } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { sortFiles } from "./manifest.ts";
import { metricNumbers } from "./model-message.ts";
import type { Signature } from "./model-schema.ts";
import type { FullVersionRow } from "./version-repository.ts";

/** The differences from one version to another. */
export function compareVersions(
  one: FullVersionRow,
  other: FullVersionRow,
): MessageInitShape<typeof CompareModelVersionsResponseSchema> {
  return {
    metrics: differences(metricNumbers(one.metrics), metricNumbers(other.metrics)).map(metricDifference),
    parameters: differences(one.parameters, other.parameters).map(unsetLeftOut),
    tags: differences(one.tags, other.tags).map(unsetLeftOut),
    inputs: signatureDifferences(one.signature?.inputs, other.signature?.inputs),
    outputs: signatureDifferences(one.signature?.outputs, other.signature?.outputs),
    files: fileDifferences(one.files, other.files),
  };
}

type Difference<Value> = { name: string; value: Value | undefined; otherValue: Value | undefined };

/** By name. Object.is finds NaN equal to itself. */
function differences<Value>(
  one: Readonly<Record<string, Value>>,
  other: Readonly<Record<string, Value>>,
): Difference<Value>[] {
  const of = (values: Readonly<Record<string, Value>>, name: string) =>
    Object.hasOwn(values, name) ? values[name] : undefined;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .sort()
    .map((name) => ({ name, value: of(one, name), otherValue: of(other, name) }))
    .filter(({ value, otherValue }) => !Object.is(value, otherValue));
}

function metricDifference(difference: Difference<number>) {
  const { value, otherValue } = difference;
  const isBoth = value !== undefined && otherValue !== undefined;
  return { ...unsetLeftOut(difference), ...(isBoth && { change: otherValue - value }) };
}

const unsetLeftOut = <Value>({ name, value, otherValue }: Difference<Value>) => ({
  name,
  ...(value !== undefined && { value }),
  ...(otherValue !== undefined && { otherValue }),
});

/** Fields without a name are told apart by their position. */
function signatureDifferences(one: Signature["inputs"] = [], other: Signature["inputs"] = []) {
  const typesOf = (fields: Signature["inputs"]) =>
    Object.fromEntries(fields.map(({ name, type }, at) => [name || `#${at + 1}`, type]));
  return differences(typesOf(one), typesOf(other)).map(unsetLeftOut);
}

function fileDifferences(one: FullVersionRow["files"], other: FullVersionRow["files"]) {
  const ones = new Map(one.map((file) => [file.path, file]));
  const others = new Map(other.map((file) => [file.path, file]));
  const paths = [...new Set([...ones.keys(), ...others.keys()])].map((path) => ({ path }));
  return sortFiles(paths)
    .map(({ path }) => ({ path, file: ones.get(path), otherFile: others.get(path) }))
    .filter(({ file, otherFile }) => file?.sha256 !== otherFile?.sha256)
    .map(({ path, file, otherFile }) => ({
      path,
      sha256: file?.sha256 ?? "",
      otherSha256: otherFile?.sha256 ?? "",
      sizeBytes: BigInt(file?.sizeBytes ?? 0),
      otherSizeBytes: BigInt(otherFile?.sizeBytes ?? 0),
    }));
}
