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

/** Failures within 15 minutes; they stand in the contract of IssueToken. */
const accountFailuresMax = 10;
const addressFailuresMax = 50;
const networkParts = 4;

/** What a login counts against. */
export type Attempt = { readonly address: string | undefined; readonly account: string | undefined };

/** `address` as the edge saw it; `email` as the caller spelled it: what is stored of it is a hash. */
export function attemptOf(address: string | null, email: string): Attempt {
  return {
    address: address ? `address ${networkOf(address)}` : undefined,
    account: email
      ? `account ${createHash("sha256").update(email.toLowerCase()).digest("base64url")}`
      : undefined,
  };
}

/**
 * Counts a login as a failure before it is tried, so that of racing guesses no more than the limit are tried. Throws
 * ResourceExhausted, and counts nothing, when account or address had their failures.
 */
export function countAttempt(db: Db, { address, account }: Attempt): Promise<void> {
  return db.transaction(async (tx) => {
    // Every call takes the address's row before the account's: they can't wait for each other.
    if (address) await countOne(tx, "address", address, addressFailuresMax);
    if (account) await countOne(tx, "account", account, accountFailuresMax);
  });
}

/** The login that was counted has succeeded: the account starts anew, the address had no failure. */
export async function settleAttempt(tx: Db, { address, account }: Attempt): Promise<void> {
  if (address) await deleteNewestAttempt(tx, address);
  if (account) await deleteAttempts(tx, account);
}

async function countOne(tx: Db, of: string, subject: string, limit: number): Promise<void> {
  if (await insertAttempt(tx, subject, limit)) return;
  throw loginAttemptsExceeded(of, limit, await findRetrySeconds(tx, subject));
}

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has all. */
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
