import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { AuditFilter } from "../../lib/audit/audit-filter.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { approvalKinds } from "./approval-kinds.ts";
import { identityKinds } from "./kinds.ts";
import { storageKinds } from "./storage-kinds.ts";

/** Range of google.protobuf.Timestamp, in milliseconds. */
const timeMinMs = Date.parse("0001-01-01T00:00:00Z");
const timeMaxMs = Date.parse("9999-12-31T23:59:59.999Z");

type FilterFields = Pick<AuditFilter, "kinds" | "userId" | "resource" | "outcome"> & {
  readonly startTime?: Timestamp | undefined;
  readonly endTime?: Timestamp | undefined;
};

const knownKinds: ReadonlySet<string> = new Set([...identityKinds, ...approvalKinds, ...storageKinds]);

/** The filter of a request. Throws InvalidArgument for an unknown kind. */
export function filterOf({
  kinds,
  userId,
  resource,
  outcome,
  startTime,
  endTime,
}: FilterFields): AuditFilter {
  for (const [index, kind] of kinds.entries()) {
    if (!knownKinds.has(kind))
      throw invalidField(`kinds[${index}]`, `there is no kind ${JSON.stringify(kind)}`);
  }
  return {
    kinds,
    userId,
    resource,
    outcome,
    startTime: dateOf("start_time", startTime),
    endTime: dateOf("end_time", endTime),
  };
}

/** Events have whole milliseconds: the first one that is not before the time. */
function dateOf(field: string, time: Timestamp | undefined): Date | undefined {
  if (!time) return undefined;
  const ms = Number(time.seconds) * 1000 + Math.ceil(time.nanos / 1e6);
  if (ms >= timeMinMs && ms <= timeMaxMs) return new Date(ms);
  throw invalidField(field, "must be in the years 1 to 9999");
}

/** The filter as text, for page tokens. */
export const filterTexts = (filter: AuditFilter): string[] => [JSON.stringify(filter)];
