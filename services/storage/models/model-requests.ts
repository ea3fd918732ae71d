import { onceIn } from "../../lib/database/idempotency.ts";
import { requests } from "../schema.ts";

/** Runs a registration once per request id. */
export const once = onceIn(requests);
