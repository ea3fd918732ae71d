import { allows, allowsEverywhere, allowsIn, roles } from "../../lib/rpc/permissions.ts";
import type { GrantRow } from "../grants/grant-repository.ts";
import { platformAdminRole } from "../grants/roles.ts";
import { rightsFrom } from "../rights.ts";
import type { Action } from "./action.ts";
import type { Subject } from "./subject.ts";

/** Explains whether a subject may do something in a namespace, or in the whole organisation if it is empty. */
export function explain(subject: Subject, action: Action, namespace: string) {
  const may = verdictOf(subject, action, namespace);
  const reasons =
    action.permission === "" ? [] : subject.granted.filter(gives(action, namespace)).map(toReason);
  const words = `${subject.name} ${may.allowed ? "may" : "may not"} ${action.name} ${placeOf(namespace)}`;
  return {
    allowed: may.allowed,
    explanation: `${words}: ${may.why}`,
    reasons: may.allowed ? reasons : [],
    changes: may.allowed ? toEnd(subject, action, namespace, reasons) : toAllow(subject, action, namespace),
  };
}

type Verdict = { readonly allowed: boolean; readonly why: string };

function verdictOf(subject: Subject, action: Action, namespace: string): Verdict {
  if (action.freeFor === "public") return { allowed: true, why: "it needs no credential" };
  if (subject.barred) return { allowed: false, why: subject.barred };
  if (action.freeFor) return { allowed: true, why: "every caller with a credential may" };
  const permission = `it needs the permission ${action.permission}`;
  if (!isAllowed(subject, action, namespace)) {
    const isUsers = subject.keys.length > 0 && isAllowed({ ...subject, keys: [] }, action, namespace);
    const lack = isUsers ? "which its user has and the key has not" : "which none of its roles there gives";
    return { allowed: false, why: `${permission}, ${lack}` };
  }
  return { allowed: true, why: `${permission}, which ${sourcesOf(subject, action, namespace)}` };
}

/** Whether the rights of the subject include the permission there. */
function isAllowed({ granted, keys }: Subject, { permission }: Action, namespace: string): boolean {
  const principal = { orgId: "", userId: "", ...rightsFrom(granted, keys) };
  return namespace === ""
    ? allowsEverywhere(principal, permission)
    : allowsIn(principal, permission, namespace);
}

const gives =
  ({ permission }: Action, namespace: string) =>
  (grant: GrantRow): boolean =>
    allows([grant.role], permission) && (grant.namespace === null || grant.namespace === namespace);

function sourcesOf(subject: Subject, action: Action, namespace: string): string {
  const texts = subject.granted
    .filter(gives(action, namespace))
    .map(({ role, namespace: place, groupName }) => {
      const by =
        groupName === null || subject.name === `group ${groupName}` ? "" : ` of the group ${groupName}`;
      return `the role ${role}${by} ${placeOf(place ?? "")} gives`;
    });
  return texts.join(" and ");
}

const placeOf = (namespace: string): string =>
  namespace === "" ? "in the whole organisation" : `in the namespace ${namespace}`;

const toReason = ({ grantId, role, namespace, groupName }: GrantRow) => ({
  grantId,
  role,
  namespace: namespace ?? "",
  group: groupName ?? "",
});

function toAllow(subject: Subject, action: Action, namespace: string): string[] {
  const enough = roles.filter((role) => role !== platformAdminRole && allows([role], action.permission));
  const changes = subject.barred ? [`end this: ${subject.barred}`] : [];
  if (action.permission === "" || isAllowed(subject, action, namespace)) return changes;
  const text =
    enough.length > 0
      ? `grant ${subject.name} one of the roles ${enough.join(", ")} ${placeOf(namespace)}`
      : `only a platform administrator has the permission ${action.permission}, and no call can make one`;
  return [...changes, text];
}

function toEnd(
  subject: Subject,
  action: Action,
  namespace: string,
  reasons: readonly ReturnType<typeof toReason>[],
): string[] {
  if (action.freeFor === "public") return [];
  if (action.freeFor) return [`deactivate the user or revoke the key: ${subject.name}`];
  return reasons.map(
    ({ role, namespace: place, group }) =>
      `take back the role ${role} ${group === "" ? "" : `of the group ${group} `}${placeOf(place)}${
        place === "" && namespace !== "" ? ", which counts in every namespace" : ""
      }`,
  );
}
