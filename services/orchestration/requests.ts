import { onceIn } from "../lib/database/idempotency.ts";
import { requests } from "./schema.ts";

/** `once` with orchestration's table of requests. */
export const onceRequested = onceIn(requests);
