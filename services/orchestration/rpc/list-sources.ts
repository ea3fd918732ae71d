import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";

export const listSources =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.listSources> =>
  async (request, context) => {
    const { connector } = request;
    const page = pageOf(request, [connector]);
    const found = await repository.listSources(db, scopeOf(context), page, connector);
    const { rows, nextPageToken } = cutPage(found, page, ({ sourceId }) => sourceId);
    return { sources: rows.map(toSource), nextPageToken };
  };
