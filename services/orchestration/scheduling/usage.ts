/** Permits and queued requests of a class of work, an organisation or a user, and of the owners within it. */
export type Usage = {
  /** Permits in use, without preempted ones. */
  running: number;
  /** Preempted permits that are not released yet. */
  ending: number;
  queued: number;
  readonly owners: Map<string, Usage>;
};

export type UsageField = "running" | "ending" | "queued";

export const createUsage = (): Usage => ({ running: 0, ending: 0, queued: 0, owners: new Map() });

const nothing: Usage = Object.freeze(createUsage());

/** Usage of an owner within another. */
export const usageOf = (usage: Usage, ownerId: string): Usage => usage.owners.get(ownerId) ?? nothing;

/** Permits that are not free. */
export const heldBy = ({ running, ending }: Usage): number => running + ending;

/** Permits that an owner would use without a limit. */
export const demandOf = ({ running, queued }: Usage): number => running + queued;

/** Adds to a field of an owner and of all owners around it. Owners without usage are removed. */
export function addUsage(usage: Usage, path: readonly string[], field: UsageField, delta: number): void {
  usage[field] += delta;
  const [ownerId, ...rest] = path;
  if (ownerId === undefined) return;
  const owner = usage.owners.get(ownerId) ?? createUsage();
  usage.owners.set(ownerId, owner);
  addUsage(owner, rest, field, delta);
  if (demandOf(owner) + owner.ending === 0) usage.owners.delete(ownerId);
}

/**
 * The max-min fair level: owners that demand less get all they demand, the others get the level. When every demand fits,
 * the level is the largest demand plus the capacity left.
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
