import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceNotFound } from "../errors.ts";
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

export const getSource =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.getSource> =>
  async ({ sourceId }, context) => {
    const row = await repository.findSource(db, scopeOf(context), sourceId);
    if (!row) throw sourceNotFound(sourceId);
    return { source: toSource(row) };
  };

export const deleteSource =
  ({ db }: OrchestrationDeps): MethodImpl<typeof SourceService.method.deleteSource> =>
  async ({ sourceId }, context) => {
    if (!(await repository.deleteSource(db, scopeOf(context), sourceId))) throw sourceNotFound(sourceId);
    return {};
  };
