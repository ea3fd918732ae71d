import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Db } from "../lib/database/database.ts";
import { type OnceCall, onceByHash } from "../lib/database/idempotency.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { IdentityDeps } from "./deps.ts";
import { requests } from "./schema.ts";

/**
 * Does `work` once for a request id, in a transaction. Requests are told by a keyed hash: they carry passwords, which
 * a plain one would let anybody guess at who reads the table.
 */
export function onceRequested<I extends DescMessage, O extends DescMessage>(
  { db, vault }: Pick<IdentityDeps, "db" | "vault">,
  scope: Scope,
  { method, request }: OnceCall<I, O>,
  work: (tx: Db) => Promise<MessageShape<O>>,
): Promise<MessageShape<O>> {
  const { requestId } = request;
  if (requestId === "") return db.transaction(work);
  const requestSha256 = vault.fingerprint(toBinary(method.input, request));
  return onceByHash(db, scope, requests, { method, requestId, requestSha256 }, work);
}
