import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../../gen/compat/rivergen/v1/models_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toVersion } from "../model-message.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

export const registerModel =
  ({ models }: RivergenDeps): MethodImpl<typeof ModelService.method.registerModel> =>
  async (request) => {
    const { modelName, description, algorithm, metrics, parameters, tags, signature } = request;
    const version = {
      modelName,
      files: request.files.map(({ path, storageFileId }) => ({ path, fileId: storageFileId })),
      description,
      algorithm,
      metrics,
      parameters,
      tags,
      ...(signature && {
        signature: {
          inputs: signature.inputs.map(({ name, type }) => ({ name, type })),
          outputs: signature.outputs.map(({ name, type }) => ({ name, type })),
        },
      }),
    };
    const call = () => models.registerModelVersion(version);
    const { modelVersion } = await withOwnFields(namesOf(request.files.length), call);
    return succeed(toVersion(answeredBy("storage", modelVersion)), "Model registered successfully");
  };

/** Files have a name of their own at each place of the list. */
const namesOf = (fileCount: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: fileCount }, (_, at) => [`files[${at}].file_id`, `files[${at}].storage_file_id`]),
  );
