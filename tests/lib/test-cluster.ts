/** Names that the run's setup and its tests share. */
export const templateName = "sluice_template";
export const rolePrefix = "sluice";
export const rolePassword = "a password of the tests";

/** The same server and role, another database. */
export function databaseUrlOf(clusterUrl: string, database: string): string {
  return clusterUrl.replace(/\/[^/]*$/, `/${database}`);
}
