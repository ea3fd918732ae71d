import { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { notFound } from "../../../services/lib/rpc/errors.ts";
import { guardPart, type Steps } from "./steps.ts";

export type IdentityPeer = {
  /** Roles of users who are not editors; undefined for a removed user. */
  roles: Map<string, string[] | undefined>;
  /** Roles of users in single namespaces. */
  grants: Map<string, { namespace: string; roles: string[] }[]>;
};

/** Fake identity: the roles of users. */
export function identityPeer(steps: Steps) {
  const peer: IdentityPeer = { roles: new Map(), grants: new Map() };
  const service = guardPart(PolicyService, {
    getPrincipal: ({ userId }) =>
      steps.take("getPrincipal", () => {
        const roles = peer.roles.has(userId) ? peer.roles.get(userId) : ["editor"];
        if (!roles) throw notFound("user", userId);
        return { roles, grants: peer.grants.get(userId) ?? [] };
      }),
  });
  return { peer, services: [service] };
}
