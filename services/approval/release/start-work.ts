import type { Jobs } from "../../lib/jobs/jobs.ts";
import type { ApprovalDeps } from "../deps.ts";
import { discardPackage } from "./discard-package.ts";
import { makePackage } from "./make-package.ts";
import { publishRelease } from "./publish-release.ts";
import { type DiscardWork, type PackageWork, queues } from "./queues.ts";
import { resumeWork } from "./resume-work.ts";

/** Concurrent packages per process. High, because staging does the work. */
const packagesMax = 50;
/** Concurrent publications per process. */
const publicationsMax = 4;
/** Concurrent removals of packages per process. */
const discardsMax = 2;

/** Runs the background jobs until disposed. Work that the queue has lost is enqueued first. */
export async function startWork(deps: ApprovalDeps, jobs: Jobs): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  await resumeWork(deps);
  stack.use(await jobs.work<PackageWork>(queues.package, { concurrency: packagesMax }, makePackage(deps)));
  stack.use(
    await jobs.work<PackageWork>(queues.publish, { concurrency: publicationsMax }, publishRelease(deps)),
  );
  stack.use(await jobs.work<DiscardWork>(queues.discard, { concurrency: discardsMax }, discardPackage(deps)));
  return stack.move();
}
