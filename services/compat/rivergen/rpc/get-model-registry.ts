import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../../gen/compat/rivergen/v1/models_pb.ts";
import type { ModelField, ModelSignature } from "../../../../gen/sluice/storage/v1/models_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { notPromoted } from "../errors.ts";
import { artifactUriOf, toVersion } from "../model-message.ts";
import { succeed } from "../succeed.ts";

export const getModelRegistry =
  ({ models }: RivergenDeps): MethodImpl<typeof ModelService.method.getModelRegistry> =>
  async ({ modelId, includeAllVersions, format }) => {
    const { model, versions, productionVersion } = await models.getModel({ model: modelId });
    if (!productionVersion) throw notPromoted(modelId);
    // Lists leave the signature out.
    const { version } = productionVersion;
    const { modelVersion } = await models.getModelVersion({ model: modelId, version });
    const promoted = answeredBy("storage", modelVersion);
    const { signature } = promoted;
    const registry = {
      modelId,
      modelName: answeredBy("storage", model).modelName,
      promotedVersion: {
        versionId: promoted.modelVersionId,
        versionNumber: promoted.version,
        algorithm: promoted.algorithm,
        artifactUri: artifactUriOf(promoted),
        promotedAt: promoted.stageTime,
      },
      ...(signature && { signature: toSignature(signature) }),
      ...(signature && format === "mlflow" && { mlflowSignature: toMlflow(signature) }),
      versions: includeAllVersions ? versions.map(toVersion) : [],
    };
    return succeed(registry, "Model registry entry retrieved successfully");
  };

const toFields = (fields: readonly ModelField[]) => fields.map(({ name, type }) => ({ name, type }));

const toSignature = ({ inputs, outputs }: ModelSignature) => ({
  inputs: toFields(inputs),
  outputs: toFields(outputs),
});

/** MLflow has each side as the text of JSON. */
const toMlflow = ({ inputs, outputs }: ModelSignature) => ({
  inputs: JSON.stringify(toFields(inputs)),
  outputs: JSON.stringify(toFields(outputs)),
});
