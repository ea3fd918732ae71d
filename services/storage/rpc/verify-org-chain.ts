import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { auditLog } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";

export const verifyOrgChain =
  ({ db }: StorageDeps): MethodImpl<typeof AuditService.method.verifyOrgChain> =>
  async (_request, context) => {
    const verdict = await auditLog.verify(db, scopeOf(context));
    return { chain: { ...verdict, service: "storage", valid: verdict.problem === "" } };
  };
