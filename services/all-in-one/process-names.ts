import { serviceNames } from "../../gen/services.ts";

/** Processes that have an identity of their own in the mesh. */
export const processNames = ["edge", ...serviceNames] as const;
