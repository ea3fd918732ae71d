import type { MethodImpl } from "@connectrpc/connect";
import type { ReviewService } from "../../../gen/sluice/approval/v1/reviews_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
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
    const page = pageOf(request, [projectId]);
    if (!(await findProject(db, scope, projectId))) throw projectNotFound(projectId);
    const read = await repository.listReviews(db, scope, projectId, page);
    const { rows, nextPageToken } = cutPage(read, page, ({ reviewId }) => reviewId);
    return { reviews: rows.map(toReview), nextPageToken };
  };
