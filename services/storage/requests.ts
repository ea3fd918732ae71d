import { onceIn } from "../lib/database/idempotency.ts";
import { requests } from "./schema.ts";

/** `once` with storage's table of remembered responses. */
export const onceRequested = onceIn(requests);
