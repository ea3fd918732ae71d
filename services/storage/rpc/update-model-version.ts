import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import {
  type ModelService,
  type ModelVersion,
  ModelVersionSchema,
  type UpdateModelVersionRequest,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { versionNotFound } from "../models/model-errors.ts";
import { modelEvent } from "../models/model-event.ts";
import { metricTexts, toVersion } from "../models/model-message.ts";
import * as repository from "../models/version-repository.ts";

const updates = updatesOf(ModelVersionSchema, {
  key: ["model_id", "version"],
  writable: ["description", "card", "metrics", "tags"],
});

export const updateModelVersion =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.updateModelVersion> =>
  async (request, context) => {
    const given = required(request.modelVersion, "model_version");
    const { modelId, version } = given;
    const scope = scopeOf(context);
    const change = changeOf(given, request);
    const revision = revisionOf(given.etag);
    const ref = { model: modelId, namespace: "" };
    const current = await repository.findVersion(db, scope, ref, version);
    if (!current) throw versionNotFound(modelId, version);
    const changed = () => etagMismatch("model version", current.modelVersionId);
    if (revision !== undefined && revision !== current.revision) throw changed();
    updates.refuseReadOnly(given, request.updateMask, toVersion(current));
    await db.transaction(async (tx) => {
      if (!(await repository.updateVersion(tx, scope, current.modelVersionId, revision, change)))
        throw changed();
      const details = { version, fields: updates.fieldsOf(given, request.updateMask) };
      await recordEvents(tx, scope, modelEvent(AuditKind.MODEL_VERSION_UPDATED, current, details));
    });
    const row = await repository.findVersion(db, scope, ref, version);
    if (!row) throw versionNotFound(modelId, version);
    return { modelVersion: toVersion(row) };
  };

function changeOf(given: ModelVersion, { updateMask }: UpdateModelVersionRequest): repository.VersionChange {
  const change: repository.VersionChange = {};
  for (const field of updates.fieldsOf(given, updateMask)) {
    if (field === "description") change.description = given.description ?? "";
    if (field === "card") change.card = given.card ?? "";
    if (field === "metrics") change.metrics = metricTexts(given.metrics);
    if (field === "tags") change.tags = given.tags;
  }
  return change;
}
