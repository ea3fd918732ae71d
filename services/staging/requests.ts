import { onceIn } from "../lib/idempotency.ts";
import { requests } from "./schema.ts";

/** `once` over the answers that staging remembers. */
export const onceRequested = onceIn(requests);
