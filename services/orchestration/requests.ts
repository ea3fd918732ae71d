import { onceIn } from "../lib/database/idempotency.ts";
import { requests } from "./schema.ts";

/** `once` over the answers that orchestration remembers. */
export const onceRequested = onceIn(requests);
