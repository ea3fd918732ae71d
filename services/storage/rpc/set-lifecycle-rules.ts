import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { canonicalJson, sha256 } from "../../lib/audit/event-hash.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { revisionOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { fromRule, toRule } from "../lifecycle/rule-message.ts";
import { type RuleSet, updateRules } from "../lifecycle/rule-repository.ts";

export const setLifecycleRules =
  ({ db, policies }: StorageDeps): MethodImpl<typeof LifecycleService.method.setLifecycleRules> =>
  async ({ namespace, rules, etag }, context) => {
    const scope = scopeOf(context);
    // Rules of the organisation remove files of every namespace.
    if (namespace === "" && scope.namespaces !== "all") throw permissionMissing("storage.lifecycle.write");
    if (namespace !== "") await requireNamespace(policies, scope, namespace);
    const row = await db.transaction(async (tx) => {
      const set = await updateRules(tx, scope, namespace, revisionOf(etag), rules.map(toRule));
      if (set) await recordEvents(tx, scope, rulesEvent(namespace, set));
      return set;
    });
    if (!row) throw etagMismatch("lifecycle", namespace || scope.orgId);
    return { rules: row.rules.map(fromRule), etag: String(row.revision) };
  };

/** Prefixes and tags can name persons: the event has a hash of the rules. */
const rulesEvent = (namespace: string, { rules, revision }: RuleSet) => ({
  kind: AuditKind.LIFECYCLE_RULES_SET,
  namespace,
  details: { ruleCount: rules.length, revision, rulesSha256: sha256(canonicalJson(rules)) },
});
