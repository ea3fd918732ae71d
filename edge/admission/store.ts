import type { Ask, Standing, Turn } from "./limit.ts";

/** All that one process asks of a store at a time. */
export type Batch = {
  /** The process, by a name that no other has. */
  readonly holder: string;
  /** How many places of a key the process has, for keys where that has changed since its last batch. */
  readonly held: readonly { readonly key: string; readonly calls: number }[];
  readonly charges: readonly Ask[];
  readonly turns: readonly Turn[];
  /** How long the process's places stay taken when it is not heard of any more, in milliseconds. */
  readonly holdMs: number;
};

/** A connection to where several processes count together. */
export type Store = AsyncDisposable & {
  /** Does one batch at once, whatever others ask; answers for each turn how things stand with its asks. */
  apply(batch: Batch): Promise<Standing[][]>;
};

/** Opens a connection; a store that can't be reached rejects. */
export type OpenStore = () => Promise<Store>;
