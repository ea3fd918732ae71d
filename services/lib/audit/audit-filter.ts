import type { AuditOutcome } from "../../../gen/sluice/identity/v1/audit_pb.ts";

/** Selects events. Empty texts, lists and enums select all. */
export type AuditFilter = {
  readonly kinds: readonly string[];
  readonly userId: string;
  readonly resource: string;
  readonly outcome: AuditOutcome;
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;
};

/** A position in a chain, of which events are wanted that are earlier: exclusive. */
export type Before = { readonly time: Date; readonly sequence: bigint };
