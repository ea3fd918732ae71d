import type { MethodImpl } from "@connectrpc/connect";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import { toProject } from "../message.ts";
import * as repository from "../project-repository.ts";
import { fromProjectState } from "../state.ts";

export const listProjects =
  ({ db }: ApprovalDeps): MethodImpl<typeof ProjectService.method.listProjects> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const state = fromProjectState(request.state);
    const { rows, ...page } = await repository.listProjects(db, scope, request, state);
    return { projects: rows.map((row) => toProject(row)), ...page };
  };
