import { EventType, EventTypeSchema } from "../../../gen/sluice/approval/v1/audit_pb.ts";

/** Types of approval's events by the kind that this service returns, as `project.package_started`. */
export const approvalTypes: ReadonlyMap<string, EventType> = new Map(
  EventTypeSchema.values
    .filter(({ number }) => number !== EventType.UNSPECIFIED)
    .map(({ name, number }) => [
      `project.${name.slice("EVENT_TYPE_".length).toLowerCase()}`,
      number as EventType,
    ]),
);

export const approvalKinds: readonly string[] = [...approvalTypes.keys()];

const kinds = new Map([...approvalTypes].map(([kind, type]) => [type, kind]));

/** The kind of an event; a type that this version does not know is `project.unknown`. */
export const approvalKindOf = (type: EventType): string => kinds.get(type) ?? "project.unknown";

/** Types of events of work that failed. */
export const failureTypes: ReadonlySet<EventType> = new Set([
  EventType.PACKAGE_FAILED,
  EventType.PUBLISH_FAILED,
]);
