import type { MethodImpl } from "@connectrpc/connect";
import type { ReviewService } from "../../../gen/sluice/approval/v1/reviews_pb.ts";
import { decideProject } from "../decide-project.ts";
import type { ApprovalDeps } from "../deps.ts";

export const requestChanges = (deps: ApprovalDeps): MethodImpl<typeof ReviewService.method.requestChanges> =>
  decideProject(deps, "changes_requested");
