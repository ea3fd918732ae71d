import { Code, ConnectError } from "@connectrpc/connect";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import { type Principal, rightsOf } from "../../lib/rpc/principal.ts";
import type { StagingDeps } from "../deps.ts";
import { requesterGone, requesterWithoutPermission } from "../errors.ts";
import type { JobRow } from "../job-repository.ts";

const permission = "staging.write";

/** Interval in milliseconds at which a running job's user is looked up again. The job ends within five seconds. */
const checkEveryMs = 3_000;

type Deps = Pick<StagingDeps, "policies">;

/** The user who created the job, with their current roles. Throws if they are gone or lack the permission. */
export async function findRequester({ policies }: Deps, job: JobRow): Promise<Principal> {
  const apiKey = job.apiKeyId === null ? {} : { apiKeyId: job.apiKeyId };
  const user = { orgId: job.orgId, userId: job.creatorUserId, ...apiKey };
  try {
    const principal = { ...user, ...rightsOf(await policies.getPrincipal(user)) };
    if (!allowsIn(principal, permission, job.namespace)) throw requesterWithoutPermission();
    return principal;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) throw requesterGone();
    throw error;
  }
}

/** A signal that aborts, with the error for the job, when its user is gone or has lost the permission. */
export function watchRequester(deps: Deps, job: JobRow): Disposable & { signal: AbortSignal } {
  const lost = new AbortController();
  let checking = false;
  const check = async () => {
    if (checking) return;
    checking = true;
    try {
      await findRequester(deps, job);
    } catch (error) {
      // While identity does not answer, the job continues.
      if (error instanceof ConnectError && error.code === Code.PermissionDenied) lost.abort(error);
    } finally {
      checking = false;
    }
  };
  const timer = setInterval(check, checkEveryMs);
  return { signal: lost.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
