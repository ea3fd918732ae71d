import type { MethodImpl } from "@connectrpc/connect";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { ApprovalDeps } from "../deps.ts";
import { toProject } from "../message.ts";
import * as repository from "../project-repository.ts";
import { fromProjectState } from "../state.ts";

export const listProjects =
  ({ db }: ApprovalDeps): MethodImpl<typeof ProjectService.method.listProjects> =>
  async (request, context) => {
    const page = pageOf(request, [String(request.state)]);
    const read = await repository.listProjects(db, scopeOf(context), page, fromProjectState(request.state));
    const { rows, nextPageToken } = cutPage(read, page, ({ projectId }) => projectId);
    return { projects: rows.map((row) => toProject(row)), nextPageToken };
  };
