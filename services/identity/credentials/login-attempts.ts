import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { Db } from "../../lib/database/database.ts";
import {
  deleteAttempts,
  deleteNewestAttempt,
  findRetrySeconds,
  insertAttempt,
} from "../attempt-repository.ts";
import { loginAttemptsExceeded } from "../errors.ts";

/** Failures allowed within 15 minutes. The contract of IssueToken states them. */
const accountFailuresMax = 10;
const addressFailuresMax = 50;
const networkParts = 4;

/** The counters of a login. */
export type Attempt = { readonly address: string | undefined; readonly account: string | undefined };

/** `address` is the client address that the edge saw. `email` is stored as a hash only. */
export function attemptOf(address: string | null, email: string): Attempt {
  return {
    address: address ? `address ${networkOf(address)}` : undefined,
    account: email
      ? `account ${createHash("sha256").update(email.toLowerCase()).digest("base64url")}`
      : undefined,
  };
}

/**
 * Counts a login as a failure before it is tried, so that concurrent guesses can't exceed the limit. Throws
 * ResourceExhausted, and counts nothing, if the account or the address has reached its limit.
 */
export function countAttempt(db: Db, { address, account }: Attempt): Promise<void> {
  return db.transaction(async (tx) => {
    // Lock order: address before account. It prevents deadlocks.
    if (address) await countOne(tx, "address", address, addressFailuresMax);
    if (account) await countOne(tx, "account", account, accountFailuresMax);
  });
}

/** Settles a successful login: clears the account's failures and removes the one counted for the address. */
export async function settleAttempt(tx: Db, { address, account }: Attempt): Promise<void> {
  if (address) await deleteNewestAttempt(tx, address);
  if (account) await deleteAttempts(tx, account);
}

async function countOne(tx: Db, of: string, subject: string, limit: number): Promise<void> {
  if (await insertAttempt(tx, subject, limit)) return;
  throw loginAttemptsExceeded(of, limit, await findRetrySeconds(tx, subject));
}

/** An IPv4 address, or the /64 prefix of an IPv6 address: one host usually controls all of it. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, networkParts)
        .map((part) => part.toString(16))
        .join(":")
    : parsed.toString();
}
