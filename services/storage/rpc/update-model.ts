import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import {
  type Model,
  ModelSchema,
  type ModelService,
  type UpdateModelRequest,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { modelNotFound } from "../models/model-errors.ts";
import { modelEvent } from "../models/model-event.ts";
import { toModel } from "../models/model-message.ts";
import * as repository from "../models/model-repository.ts";

const updates = updatesOf(ModelSchema, {
  key: "model_id",
  writable: ["display_name", "description", "tags"],
});

export const updateModel =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.updateModel> =>
  async (request, context) => {
    const model = required(request.model, "model");
    const { modelId } = model;
    const scope = scopeOf(context);
    const change = changeOf(model, request);
    const revision = revisionOf(model.etag);
    const ref = { model: modelId, namespace: "" };
    const current = await repository.findModel(db, scope, ref);
    if (!current) throw modelNotFound(modelId);
    if (revision !== undefined && revision !== current.revision) throw etagMismatch("model", modelId);
    updates.refuseReadOnly(model, request.updateMask, toModel(current));
    // The search text is made of all fields, so none may change in between.
    await db.transaction(async (tx) => {
      if (!(await repository.updateModel(tx, scope, current, current.revision, change)))
        throw etagMismatch("model", modelId);
      const details = { fields: updates.fieldsOf(model, request.updateMask) };
      await recordEvents(tx, scope, modelEvent(AuditKind.MODEL_UPDATED, current, details));
    });
    const changed = await repository.findModel(db, scope, ref);
    if (!changed) throw modelNotFound(modelId);
    return { model: toModel(changed) };
  };

function changeOf(model: Model, { updateMask }: UpdateModelRequest): repository.ModelChange {
  const change: repository.ModelChange = {};
  for (const field of updates.fieldsOf(model, updateMask)) {
    if (field === "display_name") change.displayName = model.displayName ?? "";
    if (field === "description") change.description = model.description ?? "";
    if (field === "tags") change.tags = model.tags;
  }
  return change;
}
