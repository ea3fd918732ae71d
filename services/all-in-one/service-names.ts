/** Services of the mesh, in starting order. */
export const serviceNames = ["identity", "storage", "orchestration", "staging", "approval"] as const;

/** Processes with an identity in the mesh. */
export const processNames = ["edge", ...serviceNames] as const;
