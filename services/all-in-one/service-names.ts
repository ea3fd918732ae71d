/** The services of the mesh, in the order in which they start. */
export const serviceNames = ["identity", "storage", "orchestration", "staging", "approval"] as const;
