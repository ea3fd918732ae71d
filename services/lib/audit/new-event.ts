import {
  AuditMethod,
  AuditMethodSchema,
  AuditOutcome,
  AuditOutcomeSchema,
} from "../../../gen/sluice/identity/v1/audit_pb.ts";
import { currentCall } from "../rpc/call.ts";
import { canonicalJson } from "./event-hash.ts";

/** Who is speaking: a principal is one, and so is the holder of a credential that was just verified. */
type Actor = {
  readonly userId: string;
  readonly apiKeyId?: string | null | undefined;
  /** Who speaks in the user's name. */
  readonly delegate?: { readonly userId: string; readonly apiKeyId?: string | undefined } | undefined;
};

/** The organisation whose chain gets the event, and the actor, unless no credential proved one. A scope is one. */
export type Audited = { readonly orgId: string; readonly principal?: Actor | undefined };

/** Where a call came from. */
export type Origin = { readonly requestId: string; readonly clientAddress: string };

export type NewAuditEvent<Kind extends string = string> = {
  readonly kind: Kind;
  /** Default: it succeeded. */
  readonly outcome?: AuditOutcome;
  /** For logins and attempts at them. */
  readonly method?: AuditMethod;
  readonly namespace?: string;
  /** Collection and id: `users/01a0…`. */
  readonly resource?: string;
  /** Never a secret, a name of a person or an e-mail address: the event can't be removed. */
  readonly details?: Record<string, unknown>;
  /** Default: that of the current call. */
  readonly origin?: Origin;
};

/** Columns of an event that do not depend on its place in the chain. */
export function describeEvent(actor: Actor | undefined, event: NewAuditEvent) {
  const {
    outcome = AuditOutcome.SUCCEEDED,
    method = AuditMethod.UNSPECIFIED,
    origin = currentOrigin(),
  } = event;
  return {
    kind: event.kind,
    namespace: event.namespace ?? "",
    actorUserId: actor?.userId ?? "",
    actorApiKeyId: actor?.apiKeyId ?? "",
    delegateUserId: actor?.delegate?.userId ?? "",
    delegateApiKeyId: actor?.delegate?.apiKeyId ?? "",
    resource: event.resource ?? "",
    ...origin,
    outcome: AuditOutcomeSchema.value[outcome]?.name ?? "",
    method: AuditMethodSchema.value[method]?.name ?? "",
    detailsJson: canonicalJson(event.details ?? {}),
  };
}

/** Origin of the current call; empty for work of the server itself. */
export function currentOrigin(): Origin {
  const call = currentCall();
  return { requestId: call?.requestId ?? "", clientAddress: call?.clientAddress ?? "" };
}
