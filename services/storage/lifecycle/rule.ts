import type { categories, kinds } from "../schema.ts";

/** A rule as it is stored. A file has to meet all conditions. */
export type Rule = {
  readonly name: string;
  readonly action: "expire" | "cool";
  readonly disabled: boolean;
  readonly category: (typeof categories)[number];
  readonly minAgeSeconds?: number;
  readonly minIdleSeconds?: number;
  /** Of folder and name; empty for any. */
  readonly prefix: string;
  /** A file needs all of them. */
  readonly tags?: readonly string[];
  readonly kind?: (typeof kinds)[number];
};

/** A rule, and the namespace whose files it concerns; empty for all of the organisation. */
export type ScopedRule = Rule & { readonly namespace: string };

/** Expiry comes first: content that goes needs no colder place. */
export const inOrder = (rules: readonly ScopedRule[]): ScopedRule[] =>
  [
    ...rules.filter(({ action }) => action === "expire"),
    ...rules.filter(({ action }) => action === "cool"),
  ].filter(({ disabled }) => !disabled);
