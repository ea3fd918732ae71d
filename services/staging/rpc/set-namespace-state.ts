import type { MethodImpl } from "@connectrpc/connect";
import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import type { NamespaceContentService } from "../../../gen/sluice/staging/v1/namespaces_pb.ts";
import type { StagingDeps } from "../deps.ts";
import * as repository from "../namespace-repository.ts";
import { enqueueSweep } from "../queues.ts";

export const setNamespaceState =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof NamespaceContentService.method.setNamespaceState> =>
  async ({ orgId, namespace, state }) => {
    const key = { orgId, namespace };
    const isCleared = state === State.CLEARED;
    await db.transaction(async (tx) => {
      if (state === State.OPEN) await repository.open(tx, key);
      else await repository.close(tx, key, isCleared);
      const deleted = isCleared ? await repository.deleteSomeJobs(tx, key) : [];
      for (const jobId of deleted) await enqueueSweep(jobs, tx, { orgId, jobId });
    });
    const count = await repository.countJobs(db, key);
    return { counts: count > 0 ? { jobs: BigInt(count) } : {} };
  };
