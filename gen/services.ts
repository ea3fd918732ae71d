// Written by `npm run generate` from the contracts in proto/ and the folders of services/.

/** Services of the mesh. Each is a package of contracts, a folder of services/ and a process. */
export const serviceNames = ["compat", "orchestration", "storage", "staging", "approval", "identity"] as const;

export type ServiceName = (typeof serviceNames)[number];

/** The services that have tables: each of them has a role and a schema in the database. */
export const databaseServiceNames = ["orchestration", "storage", "staging", "approval", "identity"] as const;

export type DatabaseServiceName = (typeof databaseServiceNames)[number];
