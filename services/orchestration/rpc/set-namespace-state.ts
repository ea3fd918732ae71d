import type { MethodImpl } from "@connectrpc/connect";
import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import type { NamespaceContentService } from "../../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import type { OrchestrationDeps } from "../deps.ts";
import * as repository from "../namespace-repository.ts";

export const setNamespaceState =
  ({ db }: OrchestrationDeps): MethodImpl<typeof NamespaceContentService.method.setNamespaceState> =>
  async ({ orgId, namespace, state }) => {
    const key = { orgId, namespace };
    const isCleared = state === State.CLEARED;
    await db.transaction(async (tx) => {
      if (state === State.OPEN) await repository.open(tx, key);
      else await repository.close(tx, key, isCleared);
      if (isCleared) await repository.deleteSome(tx, key);
    });
    return { counts: await repository.countContent(db, key, isCleared) };
  };
