import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { Db } from "../../lib/database/database.ts";
import type { Refusal } from "../errors.ts";
import {
  deleteAttempts,
  deleteNewestAttempt,
  findRetrySeconds,
  insertAttempt,
} from "./attempt-repository.ts";

/** Failures within an hour before delays begin. The contract of IssueToken states them. */
const accountFailuresFree = 10;
const addressFailuresFree = 50;
const networkParts = 4;

/** A counter of failures. `of` names it to the caller. */
type Counter = { readonly of: Refusal["of"]; readonly subject: string; readonly free: number };

/** The counters of a login, and the network that it comes from. */
export type Attempt = { readonly place: string; readonly counters: readonly Counter[] };

/**
 * The counters of a login with a password. `address` is the client address that the edge saw. An account counts by address,
 * so that nobody can lock out its user from another one. Accounts are stored as hashes only, whether they exist or not.
 */
export function attemptOf(address: string | null, { email, org }: { email: string; org: string }): Attempt {
  const place = placeOf(address);
  const account = hashOf(JSON.stringify([email.toLowerCase(), org]));
  const subject = `account ${account} from ${place}`;
  return { place, counters: [...addressCounters(place), accountCounter(subject)] };
}

/** The counters of a login with an API key: guesses of keys count for their address alone. */
export function keyAttemptOf(address: string | null): Attempt {
  const place = placeOf(address);
  return { place, counters: addressCounters(place) };
}

/** The counter of a user who proves the own password again, from wherever. */
export const ownAttemptOf = (userId: string): Attempt => ({
  place: nowhere,
  counters: [accountCounter(`user ${userId}`)],
});

/**
 * Counts an attempt as a failure before it is made, so that concurrent guesses get no more than others. Returns the counter
 * that refuses it, if one does: then nothing is counted.
 */
export function countAttempt(db: Db, { counters }: Attempt): Promise<Refusal | undefined> {
  return db.transaction(async (tx) => {
    const counted: Counter[] = [];
    // Lock order: address before account. It prevents deadlocks.
    for (const counter of counters) {
      const { of, subject, free } = counter;
      if (await insertAttempt(tx, subject, free)) {
        counted.push(counter);
        continue;
      }
      for (const { subject } of counted) await deleteNewestAttempt(tx, subject);
      return { of, free, retryAfterSeconds: await findRetrySeconds(tx, subject, free) };
    }
    return undefined;
  });
}

/** Removes a counted attempt, because it was not a failure, and with it all failures of the account. */
export async function settleAttempt(tx: Db, { counters }: Attempt): Promise<void> {
  for (const { of, subject } of counters) {
    if (of === "account") await deleteAttempts(tx, subject);
    else await deleteNewestAttempt(tx, subject);
  }
}

/** As settleAttempt, but the account's failures remain: the password was a guess for other accounts of the address. */
export async function settleForAddress(tx: Db, { counters }: Attempt): Promise<void> {
  for (const { of, subject } of counters) if (of === "address") await deleteNewestAttempt(tx, subject);
}

/** Forgets the failures of an account alone. */
export async function forgetFailures(tx: Db, { counters }: Attempt): Promise<void> {
  for (const { of, subject } of counters) if (of === "account") await deleteAttempts(tx, subject);
}

const nowhere = "nowhere";

const addressCounters = (place: string): Counter[] =>
  place === nowhere ? [] : [{ of: "address", subject: `address ${place}`, free: addressFailuresFree }];

const accountCounter = (subject: string): Counter => ({ of: "account", subject, free: accountFailuresFree });

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** An IPv4 address, or the /64 prefix of an IPv6 address: one host usually controls all of it. */
function placeOf(address: string | null): string {
  if (!address) return nowhere;
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, networkParts)
        .map((part) => part.toString(16))
        .join(":")
    : parsed.toString();
}
