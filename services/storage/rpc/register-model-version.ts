import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  ModelService,
  type ModelVersion,
  ModelVersionState,
  RegisterModelVersionResponseSchema,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import type { Db } from "../../lib/database/database.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toVersion } from "../models/model-message.ts";
import { once } from "../models/model-requests.ts";
import { prepareFiles } from "../models/prepare-files.ts";
import { registerVersion } from "../models/register-version.ts";

const method = ModelService.method.registerModelVersion;

export const registerModelVersion =
  (deps: StorageDeps): MethodImpl<typeof method> =>
  async (request, context) => {
    const scope = scopeOf(context);
    await requireNamespace(deps.policies, scope, request.namespace);
    // A repeated request is answered even if its files are gone: then nothing is looked at before the stored response.
    const prepared = request.requestId === "" ? await prepareFiles(deps, scope, request) : undefined;
    const register = async (tx: Db) => {
      const files = prepared ?? (await prepareFiles(deps, scope, request));
      const version = await registerVersion(tx, scope, request, files);
      return create(RegisterModelVersionResponseSchema, { modelVersion: toVersion(version) });
    };
    const registerOnce = () => once(deps.db, scope, { method, request }, register);
    // Files are looked at on other connections than the transaction's.
    const response = await (prepared ? registerOnce() : deps.longTransactions(registerOnce));
    if (leavesWork(response.modelVersion)) deps.modelMaintenance.wake();
    return response;
  };

/** Lineage to record, or files that are too large to be verified within a call. */
function leavesWork(version: ModelVersion | undefined): boolean {
  if (!version || version.files.some(({ fileId }) => fileId === "")) return false;
  const hasOrigin = version.stagingJobId !== "" || version.datasetIds.length > 0;
  return hasOrigin || version.state !== ModelVersionState.READY;
}
