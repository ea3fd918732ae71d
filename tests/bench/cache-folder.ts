import { join } from "node:path";

/** What the benchmark makes once and keeps: rivals and large files. Delete it at will. */
export const cacheFolder = join(import.meta.dirname, "../../node_modules/.cache/sluice-bench");
