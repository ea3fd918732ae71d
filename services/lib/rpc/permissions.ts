/** Permissions of each role. The contract's access option names the permission of each method. */
const viewer = [
  "catalog.read",
  "executions.read",
  "executions.write",
  "lineage.read",
  "orgs.read",
  "projects.read",
  "sources.read",
  "staging.read",
  "storage.files.read",
  "storage.quota.read",
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
  "storage.files.write",
] as const;

const approver = [...viewer, "audit.read", "projects.review"] as const;

const admin = [
  ...editor,
  ...approver,
  // API keys of other users.
  "executions.cancel",
  "orgs.write",
  // Changing the destinations of existing secrets, without their values.
  "secrets.destinations.write",
  // Logging in over connections that are not encrypted or not verified.
  "sources.insecure",
  "status.read",
  "storage.quota.write",
  "users.write",
] as const;

const platformAdmin = [...admin, "orgs.create", "orgs.all"] as const;

const permissionsByRole: Readonly<Record<string, readonly string[]>> = {
  viewer,
  editor,
  approver,
  admin,
  "platform-admin": platformAdmin,
};

export const roles: readonly string[] = Object.keys(permissionsByRole);

/** Union of the roles' permissions, sorted. Unknown roles have none. */
export function permissionsOf(held: readonly string[]): string[] {
  return [...new Set(held.flatMap((role) => permissionsByRole[role] ?? []))].sort();
}

/** Whether one of the roles has the permission. */
export function allows(held: readonly string[], permission: string): boolean {
  return held.some((role) => permissionsByRole[role]?.includes(permission) === true);
}
