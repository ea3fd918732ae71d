import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type {
  Event,
  EventType,
  ListOrgEventsRequestSchema,
} from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { type AuditEvent, AuditEventSchema, AuditOutcome } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuditFilter, Before } from "../../lib/audit/audit-filter.ts";
import { derivedId, isId } from "../../lib/values/ids.ts";
import { approvalKindOf, approvalTypes, failureTypes } from "./approval-kinds.ts";
import { type AuditPeers, askPeer } from "./audit-peers.ts";

const projectPrefix = "projects/";

/** Approval's events that match, newest first, over the mesh. Approval is not asked where none can match. */
export async function readApprovalEvents(
  approval: AuditPeers["approval"],
  filter: AuditFilter,
  before: Before | undefined,
  limit: number,
): Promise<AuditEvent[]> {
  const condition = conditionOf(filter);
  if (!condition) return [];
  const bound = before && {
    beforeTime: timestampFromDate(before.time),
    beforeSequence: before.sequence,
  };
  const request = { ...condition, ...bound, limit };
  const { events } = await askPeer("approval", (options) => approval.listOrgEvents(request, options));
  return events.map(toAuditEvent);
}

type Condition = MessageInitShape<typeof ListOrgEventsRequestSchema>;

/** The filter as approval knows it; undefined if none of its events can match. */
function conditionOf({
  userId,
  resource,
  startTime,
  endTime,
  ...filter
}: AuditFilter): Condition | undefined {
  const types = typesOf(filter);
  if (types?.length === 0) return undefined;
  const projectId = resource.startsWith(projectPrefix) ? resource.slice(projectPrefix.length) : "";
  if (resource !== "" && !isId(projectId)) return undefined;
  return {
    types: types ?? [],
    userId,
    projectId,
    ...(startTime && { startTime: timestampFromDate(startTime) }),
    ...(endTime && { endTime: timestampFromDate(endTime) }),
  };
}

/** Types that match; undefined for all. */
function typesOf({ kinds, outcome }: Pick<AuditFilter, "kinds" | "outcome">): EventType[] | undefined {
  if (kinds.length === 0 && outcome === AuditOutcome.UNSPECIFIED) return undefined;
  return [...approvalTypes]
    .filter(([kind]) => kinds.length === 0 || kinds.includes(kind))
    .map(([, type]) => type)
    .filter((type) => outcome === AuditOutcome.UNSPECIFIED || outcome === outcomeOf(type));
}

const outcomeOf = (type: EventType): AuditOutcome =>
  failureTypes.has(type) ? AuditOutcome.FAILED : AuditOutcome.SUCCEEDED;

function toAuditEvent({ $typeName: _, projectId, type, ...event }: Event): AuditEvent {
  const { orgId, sequence } = event;
  return create(AuditEventSchema, {
    ...event,
    // Approval's events are identified by organisation and sequence.
    eventId: derivedId("approval event", orgId, String(sequence)),
    service: "approval",
    kind: approvalKindOf(type),
    resource: projectPrefix + projectId,
    outcome: outcomeOf(type),
  });
}
