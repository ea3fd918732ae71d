import { AuditService, EventTypeSchema } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { DecisionSchema, ReviewService } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import type { Call } from "../command/call.ts";
import { listCommand } from "../command/list.ts";
import { resolveProject } from "../resolve/resolve-project.ts";
import { formatEnum, formatTime } from "../terminal/value.ts";

/** Lists the decisions about a project. */
export const reviews = listCommand({
  name: "reviews",
  summary: "List the decisions about a project",
  args: ["<project>"],
  examples: ["projects reviews 'Seattle weather'"],
  service: ReviewService,
  method: ReviewService.method.listReviews,
  request: async (call: Call, [project]) => ({ projectId: await resolveProject(call, project) }),
  items: (response) => response.reviews,
  columns: [
    { title: "time", value: ({ createTime }) => formatTime(createTime) },
    { title: "decision", value: ({ decision }) => formatEnum(DecisionSchema, decision) },
    { title: "reviewer", value: ({ reviewerUserId }) => reviewerUserId },
    { title: "comment", value: ({ comment }) => comment },
  ],
  id: ({ reviewId }) => reviewId,
});

/** Lists the events of a project. */
export const events = listCommand({
  name: "events",
  summary: "List the events of a project, as the audit chain has them",
  args: ["<project>"],
  examples: ["projects events 'Seattle weather'"],
  service: AuditService,
  method: AuditService.method.listEvents,
  request: async (call: Call, [project]) => ({ projectId: await resolveProject(call, project) }),
  items: (response) => response.events,
  columns: [
    { title: "sequence", align: "right", value: ({ sequence }) => String(sequence) },
    { title: "time", value: ({ createTime }) => formatTime(createTime) },
    { title: "event", value: ({ type }) => formatEnum(EventTypeSchema, type) },
    { title: "user", value: ({ actorUserId }) => actorUserId },
    { title: "hash", value: ({ hash }) => hash },
  ],
  id: ({ sequence }) => String(sequence),
});
