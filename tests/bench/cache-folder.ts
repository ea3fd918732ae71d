import { join } from "node:path";

/** Cache of rivals and large files. It can be deleted at any time. */
export const cacheFolder = join(import.meta.dirname, "../../node_modules/.cache/sluice-bench");
