/** Permits and queued requests of one owner, and of the owners within it: a class of work, an organisation, a user. */
export type Usage = {
  /** Permits in use, without those that are told to end. */
  running: number;
  /** Permits whose holder is told to end and has not yet. */
  ending: number;
  queued: number;
  readonly owners: Map<string, Usage>;
};

type Count = "running" | "ending" | "queued";

export const createUsage = (): Usage => ({ running: 0, ending: 0, queued: 0, owners: new Map() });

const nothing: Usage = Object.freeze(createUsage());

/** The usage of one owner within another. */
export const usageOf = (usage: Usage, ownerId: string): Usage => usage.owners.get(ownerId) ?? nothing;

/** Permits that are not free. */
export const heldBy = ({ running, ending }: Usage): number => running + ending;

/** What an owner would use if there were enough. */
export const demandOf = ({ running, queued }: Usage): number => running + queued;

/** Adds to a count of an owner and of all that contain it. Owners with nothing are forgotten. */
export function addUsage(usage: Usage, path: readonly string[], count: Count, delta: number): void {
  usage[count] += delta;
  const [ownerId, ...rest] = path;
  if (ownerId === undefined) return;
  const owner = usage.owners.get(ownerId) ?? createUsage();
  usage.owners.set(ownerId, owner);
  addUsage(owner, rest, count, delta);
  if (demandOf(owner) + owner.ending === 0) usage.owners.delete(ownerId);
}

/**
 * The max-min fair level: no owner gets more, and those that want less get all that they want. When everything fits,
 * it is as far as the largest owner could still grow.
 */
export function fairLevel(owners: Iterable<Usage>, capacity: number): number {
  const demands = Array.from(owners, demandOf).sort((a, b) => a - b);
  let left = capacity;
  for (const [index, demand] of demands.entries()) {
    const share = left / (demands.length - index);
    if (demand > share) return share;
    left -= demand;
  }
  return (demands.at(-1) ?? 0) + left;
}
