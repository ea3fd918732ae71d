import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Db } from "../lib/database/database.ts";
import { type OnceCall, onceByHash } from "../lib/database/idempotency.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { IdentityDeps } from "./deps.ts";
import { requests } from "./schema.ts";

/**
 * Runs `work` once per request id, in a transaction. Requests are compared by a keyed hash: they contain passwords, and
 * a plain hash would allow guesses to those who can read the table.
 */
export function onceRequested<I extends DescMessage, O extends DescMessage>(
  { db, vault }: Pick<IdentityDeps, "db" | "vault">,
  scope: Scope,
  { method, request }: OnceCall<I, O>,
  work: (tx: Db) => Promise<MessageShape<O>>,
): Promise<MessageShape<O>> {
  const { requestId } = request;
  if (requestId === "") return db.transaction(work);
  const bytes = toBinary(method.input, request);
  const requestSha256 = vault.fingerprint(bytes);
  const formerSha256 = vault.formerFingerprint(bytes);
  return onceByHash(db, scope, requests, { method, requestId, requestSha256, formerSha256 }, work);
}
