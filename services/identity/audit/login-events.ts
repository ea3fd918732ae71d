import { AuditMethod, AuditOutcome } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { recordEvent } from "./record-event.ts";

/** A login, and who it belongs to. */
type Login = {
  readonly loginId: string;
  readonly orgId: string;
  readonly userId: string;
  readonly apiKeyId: string | null;
};

/** Records that a login was created, by `method`. */
export function recordLogin(tx: Db, login: Login, method: AuditMethod): Promise<void> {
  return recordEvent(tx, auditedOf(login), { kind: "login", method, ...subjectOf(login) });
}

export function recordRefresh(tx: Db, login: Login): Promise<void> {
  const method = AuditMethod.REFRESH_TOKEN;
  return recordEvent(tx, auditedOf(login), { kind: "token.refreshed", method, ...subjectOf(login) });
}

/** Records that a refresh token was used again, which ended its login. Nobody knows who used it. */
export function recordReuse(tx: Db, login: Login): Promise<void> {
  const event = { kind: "token.reused", method: AuditMethod.REFRESH_TOKEN, ...subjectOf(login) } as const;
  return recordEvent(tx, { orgId: login.orgId }, { ...event, outcome: AuditOutcome.REFUSED });
}

/** Records that the holder of a refresh token ended the login. */
export function recordRevocation(tx: Db, login: Login): Promise<void> {
  const method = AuditMethod.REFRESH_TOKEN;
  return recordEvent(tx, auditedOf(login), { kind: "token.revoked", method, ...subjectOf(login) });
}

const auditedOf = ({ orgId, userId, apiKeyId }: Login) => ({ orgId, principal: { userId, apiKeyId } });

const subjectOf = ({ userId, loginId }: Login) => ({ resource: `users/${userId}`, details: { loginId } });
