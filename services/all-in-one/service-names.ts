/** The services of the mesh, in the order in which they start. */
export const serviceNames = ["identity", "storage", "orchestration", "staging", "approval"] as const;

/** Every process that has an identity of its own in the mesh. */
export const processNames = ["edge", ...serviceNames] as const;
