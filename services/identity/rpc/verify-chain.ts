import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { peerChains } from "../audit/audit-peers.ts";
import { auditLog } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";

export const verifyChain =
  ({ db, auditPeers }: IdentityDeps): MethodImpl<typeof AuditService.method.verifyChain> =>
  async (_request, context) => {
    const [own, { approval, storage }] = await Promise.all([
      auditLog.verify(db, scopeOf(context)),
      peerChains(auditPeers),
    ]);
    const identity = { ...own, service: "identity", valid: own.problem === "" };
    const chains = [approval, identity, storage];
    return { valid: chains.every(({ valid }) => valid), chains };
  };
