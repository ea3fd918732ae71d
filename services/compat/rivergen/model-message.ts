import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ModelSchema, ModelVersionSchema } from "../../../gen/compat/rivergen/v1/models_pb.ts";
import {
  type Model,
  ModelStage,
  type ModelVersion,
  ModelVersionState,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import { exactNumber } from "./exact-number.ts";

const states = enumWords<string, ModelVersionState>({
  pending: ModelVersionState.PENDING,
  ready: ModelVersionState.READY,
  failed: ModelVersionState.FAILED,
});
const stages = enumWords<string, ModelStage>({
  development: ModelStage.DEVELOPMENT,
  staging: ModelStage.STAGING,
  production: ModelStage.PRODUCTION,
  archived: ModelStage.ARCHIVED,
});

export const toModel = (model: Model): MessageInitShape<typeof ModelSchema> => ({
  modelId: model.modelId,
  modelName: model.modelName,
  ...(model.description && { description: model.description }),
  tags: model.tags,
  latestVersion: model.latestVersion,
  promotedVersion: model.productionVersion,
  createdAt: model.createTime,
  updatedAt: model.updateTime,
});

export const toVersion = (version: ModelVersion): MessageInitShape<typeof ModelVersionSchema> => ({
  modelId: version.modelId,
  modelName: version.modelName,
  versionId: version.modelVersionId,
  versionNumber: version.version,
  state: states.toWord(version.state) ?? "",
  stage: stages.toWord(version.stage) ?? "",
  algorithm: version.algorithm,
  artifactUri: artifactUriOf(version),
  sizeBytes: exactNumber(version.sizeBytes),
  metrics: version.metrics,
  createdAt: version.createTime,
});

export const artifactUriOf = ({ modelName, version }: ModelVersion): string =>
  `models:/${modelName}/${version}`;
