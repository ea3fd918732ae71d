import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound } from "../errors.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";

export const getSource =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.getSource> =>
  async ({ sourceId }, context) => {
    const row = await repository.findSource(db, scopeOf(context), sourceId);
    if (!row) throw sourceNotFound(sourceId);
    return { source: toSource(row) };
  };
