import type { Call } from "../../lib/rpc/call.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { newId } from "../../lib/values/ids.ts";

/** Id of no user. Staging acts by itself, because the user can be gone. */
const nilUserId = "00000000-0000-0000-0000-000000000000";
/** Deadline of maintenance calls, in milliseconds. */
const maintenanceTimeoutMs = 60_000;

/** Call context of a worker's attempt. Calls to other services are on behalf of `principal` and end with `signal`. */
export const callAs = (principal: Principal, signal: AbortSignal): Call => ({
  principal,
  requestId: newId(),
  traceparent: undefined,
  tracestate: undefined,
  signal,
  deadlineMs: undefined,
});

/** Call context of staging's own maintenance within an organisation. */
export const maintenanceCall = (orgId: string): Call =>
  callAs({ orgId, userId: nilUserId, roles: [] }, AbortSignal.timeout(maintenanceTimeoutMs));
