// Written by `npm run generate` from the contracts in proto/ and the folders of services/.

/** Services of the mesh. Each is a package of contracts, a folder of services/ and a process. */
export const serviceNames = ["identity", "storage", "orchestration", "staging", "approval"] as const;

export type ServiceName = (typeof serviceNames)[number];
