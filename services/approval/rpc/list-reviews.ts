import type { MethodImpl } from "@connectrpc/connect";
import type { ReviewService } from "../../../gen/sluice/approval/v1/reviews_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound } from "../errors.ts";
import { toReview } from "../message.ts";
import { findProject } from "../project-repository.ts";
import * as repository from "../review-repository.ts";

export const listReviews =
  ({ db }: ApprovalDeps): MethodImpl<typeof ReviewService.method.listReviews> =>
  async (request, context) => {
    const { projectId } = request;
    const scope = scopeOf(context);
    if (!(await findProject(db, scope, projectId))) throw projectNotFound(projectId);
    const { rows, ...page } = await repository.listReviews(db, scope, projectId, request);
    return { reviews: rows.map(toReview), ...page };
  };
