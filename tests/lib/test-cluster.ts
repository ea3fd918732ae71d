/** Names shared by the global setup and the tests. */
export const templateName = "sluice_template";
export const rolePrefix = "sluice";
export const rolePassword = "a password of the tests";

/** The URL of another database, for the same server and role. */
export function databaseUrlOf(clusterUrl: string, database: string): string {
  return clusterUrl.replace(/\/[^/]*$/, `/${database}`);
}
