import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Model,
  type ModelAlias,
  ModelAliasSchema,
  type ModelEvent,
  ModelEventKind,
  ModelEventSchema,
  ModelFileSchema,
  ModelFormat,
  ModelSafety,
  ModelSchema,
  ModelSignatureSchema,
  ModelStage,
  type ModelVersion,
  ModelVersionSchema,
  ModelVersionState,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { AliasRow } from "./aliases/alias-repository.ts";
import type { EventRow } from "./event-repository.ts";
import type { FullModelRow } from "./model-repository.ts";
import type { Signature, Texts } from "./model-schema.ts";
import type { FullVersionRow, ListedVersionRow, VersionFile, VersionRow } from "./version-repository.ts";

const states = enumWords<VersionRow["state"], ModelVersionState>({
  pending: ModelVersionState.PENDING,
  ready: ModelVersionState.READY,
  failed: ModelVersionState.FAILED,
});
const stages = enumWords<VersionRow["stage"], ModelStage>({
  development: ModelStage.DEVELOPMENT,
  staging: ModelStage.STAGING,
  production: ModelStage.PRODUCTION,
  archived: ModelStage.ARCHIVED,
});
const formats = enumWords<NonNullable<VersionRow["format"]>, ModelFormat>({
  other: ModelFormat.OTHER,
  onnx: ModelFormat.ONNX,
  safetensors: ModelFormat.SAFETENSORS,
  gguf: ModelFormat.GGUF,
  hdf5: ModelFormat.HDF5,
  zip: ModelFormat.ZIP,
  pytorch: ModelFormat.PYTORCH,
  pickle: ModelFormat.PICKLE,
});
const safeties = enumWords<NonNullable<VersionRow["safety"]>, ModelSafety>({
  unknown: ModelSafety.UNKNOWN,
  safe: ModelSafety.SAFE,
  unsafe: ModelSafety.UNSAFE,
});
const kinds = enumWords<EventRow["kind"], ModelEventKind>({
  registered: ModelEventKind.REGISTERED,
  ready: ModelEventKind.READY,
  failed: ModelEventKind.FAILED,
  stage_set: ModelEventKind.STAGE_SET,
  alias_set: ModelEventKind.ALIAS_SET,
  alias_deleted: ModelEventKind.ALIAS_DELETED,
  version_deleted: ModelEventKind.VERSION_DELETED,
});

/** The stage of a request; undefined if it names none. */
export const toStage = stages.toWord;

/** Metrics as text. It keeps what JSON in the database has no numbers for: NaN, infinities and negative zero. */
export const metricTexts = (metrics: Readonly<Record<string, number>>): Texts =>
  mapValues(metrics, (value) => (Object.is(value, -0) ? "-0" : String(value)));

export const metricNumbers = (texts: Texts): Record<string, number> => mapValues(texts, Number);

const mapValues = <From, To>(
  from: Readonly<Record<string, From>>,
  to: (value: From) => To,
): Record<string, To> => Object.fromEntries(Object.entries(from).map(([name, value]) => [name, to(value)]));

export function toModel(row: FullModelRow): Model {
  return create(ModelSchema, {
    modelId: row.modelId,
    modelName: row.modelName,
    namespace: row.namespace,
    displayName: row.displayName,
    description: row.description,
    tags: row.tags,
    latestVersion: row.latestVersion,
    productionVersion: row.productionVersion ?? 0,
    aliases: row.aliases.map((alias) => toAlias({ ...alias, setTime: new Date(alias.setTime) })),
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });
}

export const toAlias = ({
  alias,
  version,
  userId,
  setTime,
}: Pick<AliasRow, "alias" | "version" | "userId" | "setTime">): ModelAlias =>
  create(ModelAliasSchema, { alias, version, userId, setTime: timestampFromDate(setTime) });

/** A version of a list: without files, card, signature and parameters. */
export function toListedVersion(row: ListedVersionRow, modelName: string): ModelVersion {
  return create(ModelVersionSchema, {
    modelId: row.modelId,
    version: row.version,
    modelVersionId: row.modelVersionId,
    modelName,
    namespace: row.namespace,
    state: states.toValue(row.state),
    stateMessage: row.stateMessage,
    stage: stages.toValue(row.stage),
    ...(row.stageTime && { stageTime: timestampFromDate(row.stageTime) }),
    aliases: [...row.aliases],
    description: row.description,
    metrics: metricNumbers(row.metrics),
    tags: row.tags,
    algorithm: row.algorithm,
    fileCount: row.fileCount,
    sizeBytes: BigInt(row.sizeBytes),
    manifestSha256: row.manifestSha256,
    format: row.format ? formats.toValue(row.format) : ModelFormat.UNSPECIFIED,
    safety: row.safety ? safeties.toValue(row.safety) : ModelSafety.UNSPECIFIED,
    stagingJobId: row.stagingJobId ?? "",
    datasetIds: [...row.datasetIds],
    downloadCount: BigInt(row.downloadCount),
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    ...(row.readyTime && { readyTime: timestampFromDate(row.readyTime) }),
    etag: String(row.revision),
  });
}

/** Names in a message about missing files. */
const missingShown = 3;

export function toVersion(row: FullVersionRow): ModelVersion {
  const downloadCount = row.files.reduce((sum, file) => sum + file.downloadCount, 0);
  const listed = toListedVersion({ ...row, downloadCount }, row.modelName);
  const { signature } = row;
  return create(ModelVersionSchema, {
    ...listed,
    stateMessage: row.stateMessage || missingMessage(row),
    card: row.card,
    parameters: row.parameters,
    ...(signature && { signature: toSignature(signature) }),
    files: row.files.map(toFile),
  });
}

const toSignature = ({ inputs, outputs }: Signature) =>
  create(ModelSignatureSchema, { inputs: [...inputs], outputs: [...outputs] });

function missingMessage({ state, files }: FullVersionRow): string {
  const missing = files.filter(({ fileId }) => fileId === null).map(({ path }) => path);
  if (state !== "pending" || missing.length === 0) return "";
  const rest = missing.length > missingShown ? ` and ${missing.length - missingShown} more` : "";
  return `files are missing: ${missing.slice(0, missingShown).join(", ")}${rest}`;
}

const toFile = (file: VersionFile) =>
  create(ModelFileSchema, {
    path: file.path,
    sha256: file.sha256,
    sizeBytes: BigInt(file.sizeBytes),
    fileId: file.fileId ?? "",
    format: file.format ? formats.toValue(file.format) : ModelFormat.UNSPECIFIED,
    safety: file.safety ? safeties.toValue(file.safety) : ModelSafety.UNSPECIFIED,
    findings: [...file.findings],
    downloadCount: BigInt(file.downloadCount),
  });

export const toEvent = (row: EventRow): ModelEvent =>
  create(ModelEventSchema, {
    eventId: row.eventId,
    kind: kinds.toValue(row.kind),
    version: row.version,
    alias: row.alias,
    previousVersion: row.previousVersion,
    stage: row.stage ? stages.toValue(row.stage) : ModelStage.UNSPECIFIED,
    previousStage: row.previousStage ? stages.toValue(row.previousStage) : ModelStage.UNSPECIFIED,
    comment: row.comment,
    userId: row.userId ?? "",
    createTime: timestampFromDate(row.createTime),
  });
