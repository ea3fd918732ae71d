import type { KeyLink } from "./key-chain.ts";

/** What keys of a chain allow at most, whatever their user may do. Undefined for no limit. */
export type ChainLimits = {
  readonly permissions: string[] | undefined;
  readonly namespaces: string[] | undefined;
  readonly expireTime: Date | undefined;
};

export const limitsOf = (keys: readonly KeyLink[]): ChainLimits => ({
  permissions: narrowest(keys.map((key) => key.permissions)),
  namespaces: narrowest(keys.map((key) => key.namespaces)),
  expireTime: earliest(keys),
});

/** What all lists have that are not empty; undefined if all are empty. */
function narrowest(lists: readonly (readonly string[])[]): string[] | undefined {
  const [first, ...others] = lists.filter((list) => list.length > 0);
  return first?.filter((value) => others.every((list) => list.includes(value)));
}

function earliest(keys: readonly KeyLink[]): Date | undefined {
  const times = keys.flatMap(({ expireTime }) => (expireTime === null ? [] : [Date.parse(expireTime)]));
  return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}
