/** Lifetime of an access token, in seconds. */
export const accessTokenSeconds = 15 * 60;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Age at which a key is replaced. */
const rotateAfterMs = 30 * dayMs;
/** Time between the publication of a key and its first signature. Longer than key sets are cached. */
const publishAheadMs = 10 * minuteMs;
/** Tolerance for cached keys and clock skew. */
const marginMs = 5 * minuteMs;

type Aged = { readonly createTime: Date };

const ageMs = (key: Aged, nowMs: number): number => nowMs - key.createTime.getTime();

/** Associated data of a key's encryption. */
export const signingKeyContext = (kid: string): string[] => ["signing key", kid];

/** Whether the newest key signs already, so that its successor may be published. */
export function mayRotate(keys: readonly Aged[], nowMs: number): boolean {
  const newest = keys.at(-1);
  return !newest || ageMs(newest, nowMs) > publishAheadMs;
}

/** Whether a new key is due. `keys` are oldest first in this file. */
export function isRotationDue(keys: readonly Aged[], nowMs: number): boolean {
  const newest = keys.at(-1);
  return !newest || ageMs(newest, nowMs) > rotateAfterMs;
}

/** The signing key: the newest that is published long enough, else the oldest. */
export function signingKeyOf<Key extends Aged>(keys: readonly Key[], nowMs: number): Key | undefined {
  return keys.findLast((key) => ageMs(key, nowMs) > publishAheadMs) ?? keys[0];
}

/** Keys whose tokens have all expired: their successor has signed for longer than a token's lifetime. */
export function retiredKeysOf<Key extends Aged>(keys: readonly Key[], nowMs: number): Key[] {
  const lastsMs = publishAheadMs + accessTokenSeconds * 1000 + marginMs;
  return keys.filter((_, index) => {
    const successor = keys[index + 1];
    return successor !== undefined && ageMs(successor, nowMs) > lastsMs;
  });
}
