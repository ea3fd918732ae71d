import type { Jobs } from "../../lib/jobs/jobs.ts";
import type { ApprovalDeps } from "../deps.ts";
import { discardPackage } from "./discard-package.ts";
import { makePackage } from "./make-package.ts";
import { publishRelease } from "./publish-release.ts";
import { type DiscardWork, type PackageWork, queues } from "./queues.ts";
import { resumeWork } from "./resume-work.ts";

/** Packages that one process watches at a time: staging does their work. */
const packagesMax = 50;
/** Releases that one process publishes at a time. */
const publicationsMax = 4;
/** Former packages that one process removes at a time. */
const discardsMax = 2;

/** Does what calls left behind, also where the queue has lost it, until disposed. */
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
