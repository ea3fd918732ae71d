import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound } from "../errors.ts";
import * as repository from "../source-repository.ts";

export const deleteSource =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.deleteSource> =>
  async ({ sourceId }, context) => {
    if (!(await repository.deleteSource(db, scopeOf(context), sourceId))) throw sourceNotFound(sourceId);
    return {};
  };
