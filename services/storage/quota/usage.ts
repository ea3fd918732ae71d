import type { Db } from "../../lib/database/database.ts";
import {
  type Amount,
  amountOf,
  amountsOf,
  type CountedFile,
  fits,
  type Held,
  isReached,
  isWarned,
  type QuotaOwner,
  type Usage,
} from "./amount.ts";
import { insertEvents, type NewEvent } from "./event-repository.ts";
import { quotaExceeded } from "./quota-exceeded.ts";
import { reclaim } from "./reclaim.ts";
import { changeUsage, findUsage, lockUsage, type OrgUsage, type UsageChange } from "./usage-repository.ts";

// Every change of usage goes through these functions or a reservation. Call them in the transaction that inserts or deletes
// the rows of the files, after all other locks: a file that changes, then blobs,
// then new files, then the quota.

/** Counts new files that have no reservation. Returns the usage whose soft limits are reached. Throws quotaExceeded. */
export async function addUsage(tx: Db, orgId: string, files: readonly CountedFile[]): Promise<Usage[]> {
  if (files.length === 0) return [];
  const added = [...amountsOf(files)].map(([namespace, used]) => ({ namespace, used }));
  await requireRoom(tx, orgId, added);
  return count(tx, orgId, added);
}

type Addition = UsageChange & { readonly used: Amount };

/**
 * Locks the quota. If it has no room, what running uploads hold in advance is taken from them. Throws quotaExceeded if even
 * that is not enough.
 */
async function requireRoom(tx: Db, orgId: string, added: readonly Addition[]): Promise<void> {
  const names = added.map(({ namespace }) => namespace);
  const refusal = refusalOf(await lockUsage(tx, orgId, names), added);
  if (!refusal) return;
  await reclaim(tx, orgId);
  const secondRefusal = refusalOf(await lockUsage(tx, orgId, names), added);
  if (secondRefusal) throw secondRefusal;
}

function refusalOf({ org, namespaces }: OrgUsage, added: readonly Addition[]): Error | undefined {
  const total = sumOf(added);
  if (!fits(org, total)) return quotaExceeded(org, total);
  for (const { namespace, used } of added) {
    const usage = namespaces.find((one) => one.namespace === namespace);
    if (usage && !fits(usage, used)) return quotaExceeded(usage, used);
  }
  return undefined;
}

/**
 * Refuses the files that exceed a quota before their bytes are stored, each with its error. Only `addUsage` decides for the
 * rest.
 */
export async function refuseOverQuota(
  db: Db,
  orgId: string,
  files: readonly CountedFile[],
): Promise<(Error | undefined)[]> {
  const names = [...new Set(files.map(({ namespace }) => namespace))];
  const usage = await findUsage(db, orgId, names);
  const states = new Map(allOf(usage).map((one) => [one.namespace, one]));
  return files.map((file) => {
    const { namespace } = file;
    const amount = amountOf(file);
    const concerned = [null, namespace].flatMap((name) => states.get(name) ?? []);
    const refusing = concerned.find((one) => !fits(one, amount));
    if (refusing) return quotaExceeded(refusing, amount);
    for (const one of concerned) states.set(one.namespace, withUsed(one, amount));
    return undefined;
  });
}

const withUsed = (usage: Usage, { bytes, files }: Amount): Usage => ({
  ...usage,
  usedBytes: usage.usedBytes + bytes,
  fileCount: usage.fileCount + files,
});

const sumOf = (added: readonly { readonly used: Amount }[]): Amount => ({
  bytes: added.reduce((sum, { used }) => sum + used.bytes, 0),
  files: added.reduce((sum, { used }) => sum + used.files, 0),
});

/** Frees the quota of deleted files. */
export async function freeUsage(tx: Db, orgId: string, files: readonly CountedFile[]): Promise<void> {
  if (files.length === 0) return;
  const freed = [...amountsOf(files)].map(([namespace, used]) => ({ namespace, used: negative(used) }));
  await changeUsage(tx, orgId, freed);
}

/** Counts a file under another namespace. Throws quotaExceeded. */
export async function moveUsage(
  tx: Db,
  { orgId, namespace }: QuotaOwner,
  to: string,
  amount: Amount,
): Promise<void> {
  if (to === namespace) return;
  // The organisation has no more than before, even if that is too much.
  const refusing = async () =>
    (await lockUsage(tx, orgId, [to])).namespaces.find((usage) => !fits(usage, amount));
  if (await refusing()) await reclaim(tx, orgId);
  const refused = await refusing();
  if (refused) throw quotaExceeded(refused, amount);
  await count(tx, orgId, [
    { namespace, used: negative(amount) },
    { namespace: to, used: amount },
  ]);
}

/**
 * Counts a file instead of its reservation, which held at least this much. Returns the usage whose soft limits are reached.
 */
export async function settleUsage(tx: Db, { owner, reserved }: Held, used: Amount): Promise<Usage[]> {
  const { orgId, namespace } = owner;
  return count(tx, orgId, [{ namespace, used, reserved: negative(reserved) }]);
}

/** Returns the usage whose soft limits are reached. */
async function count(tx: Db, orgId: string, changes: readonly Addition[]): Promise<Usage[]> {
  const usages = allOf(await changeUsage(tx, orgId, changes));
  await recordCrossings(tx, orgId, usages, changes);
  return usages.filter(isWarned);
}

/** Records the soft limits that the changes have reached, which led to these usages. */
async function recordCrossings(
  tx: Db,
  orgId: string,
  usages: readonly Usage[],
  changes: readonly Addition[],
): Promise<void> {
  const events = usages.filter(isWarned).flatMap((usage): NewEvent[] => {
    const { namespace, warnBytes, warnFiles, usedBytes, fileCount: usedFiles } = usage;
    const { bytes, files } = sumOf(
      changes.filter((change) => namespace === null || change.namespace === namespace),
    );
    const common = { namespace, usedBytes, usedFiles, reservedBytes: 0, reservedFiles: 0 };
    return [
      ...(crosses(usedBytes, bytes, warnBytes) ? [{ ...common, kind: "warn_bytes" as const }] : []),
      ...(crosses(usedFiles, files, warnFiles) ? [{ ...common, kind: "warn_files" as const }] : []),
    ];
  });
  await insertEvents(tx, orgId, events);
}

const crosses = (used: number, added: number, warn: number | null): boolean =>
  isReached(used, warn) && !isReached(used - added, warn);

export const allOf = ({ org, namespaces }: OrgUsage): Usage[] => [org, ...namespaces];

export const negative = ({ bytes, files }: Amount): Amount => ({ bytes: -bytes, files: -files });
