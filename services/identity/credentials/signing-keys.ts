/** Seconds that an access token is good. */
export const accessTokenSeconds = 15 * 60;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Age at which a key gets a successor. */
const rotateAfterMs = 30 * dayMs;
/** A new key is published this long before it signs: longer than anybody keeps a copy of the key set. */
const publishAheadMs = 10 * minuteMs;
/** For processes whose copy of the keys or whose clock lags. */
const marginMs = 5 * minuteMs;

type Aged = { readonly createTime: Date };

const ageMs = (key: Aged, nowMs: number): number => nowMs - key.createTime.getTime();

/** Whether a new key is due. `keys` are oldest first, here and below. */
export function isRotationDue(keys: readonly Aged[], nowMs: number): boolean {
  const newest = keys.at(-1);
  return !newest || ageMs(newest, nowMs) > rotateAfterMs;
}

/** The key to sign with: the newest that is known everywhere, or else the oldest. */
export function signingKeyOf<Key extends Aged>(keys: readonly Key[], nowMs: number): Key | undefined {
  return keys.findLast((key) => ageMs(key, nowMs) > publishAheadMs) ?? keys[0];
}

/** The keys whose tokens have all expired: those whose successor has signed for longer than a token lives. */
export function retiredKeysOf<Key extends Aged>(keys: readonly Key[], nowMs: number): Key[] {
  const lastsMs = publishAheadMs + accessTokenSeconds * 1000 + marginMs;
  return keys.filter((_, index) => {
    const successor = keys[index + 1];
    return successor !== undefined && ageMs(successor, nowMs) > lastsMs;
  });
}
