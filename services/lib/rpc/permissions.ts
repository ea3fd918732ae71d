/** What each role allows. The contract's access option names a permission for each method. */
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
  // Those of others.
  "executions.cancel",
  "orgs.write",
  // Changes where existing secrets may be sent, without knowing their values.
  "secrets.destinations.write",
  // Allows logins over connections that are not encrypted or not verified.
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

/** Every role that there is. */
export const roles: readonly string[] = Object.keys(permissionsByRole);

/** What the roles allow together, sorted. An unknown role allows nothing. */
export function permissionsOf(held: readonly string[]): string[] {
  return [...new Set(held.flatMap((role) => permissionsByRole[role] ?? []))].sort();
}

/** Whether one of the roles allows it. */
export function allows(held: readonly string[], permission: string): boolean {
  return held.some((role) => permissionsByRole[role]?.includes(permission) === true);
}
