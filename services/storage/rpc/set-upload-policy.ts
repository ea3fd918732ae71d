import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { UploadPolicyService } from "../../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { toUploadPolicy } from "../policy/message.ts";
import { putPolicy } from "../policy/upload-policy-repository.ts";

export const setUploadPolicy =
  ({ db, policies }: StorageDeps): MethodImpl<typeof UploadPolicyService.method.setUploadPolicy> =>
  async (request, context) => {
    const { namespace } = request;
    const scope = scopeOf(context);
    const { orgId, namespaces } = scope;
    const { etag, allowedTypes, fileBytesMax } = required(request.policy, "policy");
    if (namespace !== "") await requireNamespace(policies, scope, namespace);
    else if (namespaces !== "all") throw permissionMissing("storage.policies.write");
    const given = { allowedTypes, fileBytesMax: Number(fileBytesMax) };
    const row = await db.transaction(async (tx) => {
      const put = await putPolicy(tx, { orgId, namespace }, revisionOf(etag), given);
      if (put)
        await recordEvents(tx, scope, { kind: AuditKind.UPLOAD_POLICY_SET, namespace, details: given });
      return put;
    });
    if (!row) throw etagMismatch("upload_policy", namespace || orgId);
    return { policy: toUploadPolicy(row, namespace) };
  };
