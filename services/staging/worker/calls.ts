import type { Call } from "../../lib/rpc/call.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { newId } from "../../lib/values/ids.ts";

/** No user has it: staging itself acts, also for users who are gone. */
const nobody = "00000000-0000-0000-0000-000000000000";
/** What clears up may take this long, in milliseconds. */
const maintenanceTimeoutMs = 60_000;

/** The call that a worker's turn is: what it asks of other services is on behalf of `principal` and ends with it. */
export const callAs = (principal: Principal, signal: AbortSignal): Call => ({
  principal,
  requestId: newId(),
  traceparent: undefined,
  tracestate: undefined,
  signal,
  deadlineMs: undefined,
});

/** A call of staging itself within an organisation. */
export const maintenanceCall = (orgId: string): Call =>
  callAs({ orgId, userId: nobody, roles: [] }, AbortSignal.timeout(maintenanceTimeoutMs));
