import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";

export const listSources =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.listSources> =>
  async (request, context) => {
    const { connector, namespace } = request;
    const scope = narrow(scopeOf(context), namespace);
    const { rows, ...page } = await repository.listSources(db, scope, request, connector);
    return { sources: rows.map(toSource), ...page };
  };
