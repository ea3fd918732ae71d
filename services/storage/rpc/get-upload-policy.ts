import type { MethodImpl } from "@connectrpc/connect";
import type { UploadPolicyService } from "../../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toUploadPolicy } from "../policy/message.ts";
import { findPolicy } from "../policy/upload-policy-repository.ts";

export const getUploadPolicy =
  ({ db, policies }: StorageDeps): MethodImpl<typeof UploadPolicyService.method.getUploadPolicy> =>
  async ({ namespace }, context) => {
    const scope = scopeOf(context);
    if (namespace !== "") await requireNamespace(policies, scope, namespace);
    const inEffect = await findPolicy(db, scope, namespace);
    return { policy: toUploadPolicy(inEffect, namespace) };
  };
