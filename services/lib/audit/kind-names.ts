import type { DescEnum } from "@bufbuild/protobuf";

/**
 * The kinds of events that an enum of a contract lists, as audit events name them: `FILE_HOLD_SET` of `AuditKind` is
 * `file_hold.set`. Without the value that stands for none.
 */
export const kindNames = <Value extends number>({
  values,
  sharedPrefix = "",
}: DescEnum): ReadonlyMap<string, Value> =>
  new Map(
    values
      .filter(({ number }) => number !== 0)
      .map(({ name, number }) => [
        name
          .toLowerCase()
          .slice(sharedPrefix.length)
          .replace(/_(?=[^_]+$)/, "."),
        number as Value,
      ]),
  );
