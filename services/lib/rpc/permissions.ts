import type { Principal } from "./principal.ts";

/** Permissions of each role. The contract's access option names the permission of each method. */
const viewer = [
  "catalog.read",
  "executions.read",
  "executions.write",
  "lineage.read",
  "namespaces.read",
  "orgs.read",
  "projects.read",
  "sources.read",
  "staging.read",
  "storage.files.read",
  "storage.lifecycle.read",
  "storage.models.read",
  "storage.policies.read",
  "storage.quota.read",
  "storage.vectors.read",
  "users.read",
] as const;

const editor = [
  ...viewer,
  "apikeys.read",
  "apikeys.write",
  "catalog.write",
  "lineage.write",
  "projects.write",
  "secrets.read",
  "secrets.write",
  "sources.write",
  "staging.write",
  "storage.cache.read",
  "storage.cache.write",
  "storage.files.write",
  "storage.models.write",
  "storage.vectors.write",
] as const;

const approver = [...viewer, "audit.read", "projects.review", "storage.models.promote"] as const;

const admin = [
  ...editor,
  ...approver,
  // API keys of other users.
  "executions.cancel",
  "grants.read",
  "grants.write",
  "namespaces.create",
  "namespaces.write",
  "orgs.write",
  // Changing the destinations of existing secrets, without their values.
  "secrets.destinations.write",
  // Logging in over connections that are not encrypted or not verified.
  "sources.insecure",
  "status.read",
  // Removing files for good, before their time in the trash is over.
  "storage.files.purge",
  "storage.holds.write",
  "storage.lifecycle.write",
  "storage.policies.write",
  "storage.quota.write",
  "users.write",
] as const;

const platformAdmin = [
  ...admin,
  // Keys of the installation: those that sign tokens and encrypt secrets.
  "keys.read",
  "keys.rotate",
  "orgs.create",
  "orgs.all",
  // The disk and the content of every organisation.
  "storage.scrubs.read",
  "storage.scrubs.write",
  "storage.status.read",
] as const;

/** Speaking for users of other organisations. No role has it: an API key has it by name. */
export const delegatePermission = "principals.delegate";

const permissionsByRole: Readonly<Record<string, readonly string[]>> = {
  viewer,
  editor,
  approver,
  admin,
  "platform-admin": platformAdmin,
};

export const roles: readonly string[] = Object.keys(permissionsByRole);

/** Every permission that an API key can be narrowed to. */
export const permissions: readonly string[] = [
  ...new Set([...Object.values(permissionsByRole).flat(), delegatePermission]),
];

/** Union of the roles' permissions, sorted. Unknown roles have none. */
export function permissionsOf(held: readonly string[]): string[] {
  return [...new Set(held.flatMap((role) => permissionsByRole[role] ?? []))].sort();
}

/** Kinds of resources that belong to a namespace. Permissions of other kinds concern the whole organisation. */
const namespacedKinds: readonly string[] = [
  "catalog",
  "executions",
  "grants",
  "lineage",
  "namespaces",
  "projects",
  "sources",
  "staging",
  "storage",
];
/** Permissions on such kinds that nevertheless concern the whole organisation. */
const orgWide: readonly string[] = [
  "namespaces.create",
  "sources.insecure",
  "storage.quota.write",
  "storage.scrubs.read",
  "storage.scrubs.write",
  "storage.status.read",
];

/** The namespaces in which a permission is granted: all of the organisation's, or those with these names. */
export type Namespaces = "all" | readonly string[];

/** Where a principal has a permission. An empty list is nowhere. */
export function namespacesOf(principal: Principal, permission: string): Namespaces {
  const { roles, grants = [], limit } = principal;
  if (limit && limit.permissions.length > 0 && !limit.permissions.includes(permission)) return [];
  const isNamed = permission === delegatePermission && limit?.permissions.includes(permission) === true;
  const granted =
    allows(roles, permission) || isNamed
      ? "all"
      : isNamespaced(permission)
        ? grants.filter((grant) => allows(grant.roles, permission)).map(({ namespace }) => namespace)
        : [];
  if (!limit || limit.namespaces.length === 0) return granted;
  if (!isNamespaced(permission)) return [];
  return granted === "all" ? limit.namespaces : granted.filter((name) => limit.namespaces.includes(name));
}

/** Whether a principal has a permission in every namespace, and so in the whole organisation. */
export const allowsEverywhere = (principal: Principal, permission: string): boolean =>
  namespacesOf(principal, permission) === "all";

/** Whether a principal has a permission in this namespace. */
export function allowsIn(principal: Principal, permission: string, namespace: string): boolean {
  const namespaces = namespacesOf(principal, permission);
  return namespaces === "all" || namespaces.includes(namespace);
}

/** Whether a permission is granted by namespace. */
export const isNamespaced = (permission: string): boolean =>
  namespacedKinds.includes(permission.split(".")[0] ?? "") && !orgWide.includes(permission);

/** Whether one of the roles has the permission. */
export function allows(held: readonly string[], permission: string): boolean {
  return held.some((role) => permissionsByRole[role]?.includes(permission) === true);
}
