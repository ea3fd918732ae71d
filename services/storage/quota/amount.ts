/** A namespace of an organisation, in which files are counted. */
export type QuotaOwner = { readonly orgId: string; readonly namespace: string };

/** Size and number of files. */
export type Amount = { readonly bytes: number; readonly files: number };

/** What a reservation holds. */
export type Held = { readonly owner: QuotaOwner; readonly reserved: Amount };

/** Limits and counters of an organisation or of one of its namespaces. */
export type Usage = {
  /** Null for the organisation's. */
  readonly namespace: string | null;
  /** Null for no limit. */
  readonly limitBytes: number | null;
  readonly limitFiles: number | null;
  readonly warnBytes: number | null;
  readonly warnFiles: number | null;
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly fileCount: number;
  readonly reservedFiles: number;
};

/** What is left until the limits; negative beyond them. */
export const freeOf = (usage: Usage): Amount => ({
  bytes: (usage.limitBytes ?? Number.POSITIVE_INFINITY) - usage.usedBytes - usage.reservedBytes,
  files: (usage.limitFiles ?? Number.POSITIVE_INFINITY) - usage.fileCount - usage.reservedFiles,
});

/** Whether an addition stays within the limits. Beyond them, not even an empty file fits. */
export function fits(usage: Usage, { bytes, files }: Amount): boolean {
  const free = freeOf(usage);
  return free.bytes >= bytes && free.files >= files;
}

/** A file with its full size, or an earlier or later version of one, which is no other file. */
export type CountedFile = {
  readonly namespace: string;
  readonly sizeBytes: number;
  readonly isVersion?: boolean;
};

export const amountOf = ({ sizeBytes, isVersion = false }: CountedFile): Amount => ({
  bytes: sizeBytes,
  files: isVersion ? 0 : 1,
});

/** Sizes and number of files by namespace. */
export function amountsOf(counted: readonly CountedFile[]): ReadonlyMap<string, Amount> {
  const amounts = new Map<string, Amount>();
  for (const one of counted) {
    const known = amounts.get(one.namespace) ?? { bytes: 0, files: 0 };
    const { bytes, files } = amountOf(one);
    amounts.set(one.namespace, { bytes: known.bytes + bytes, files: known.files + files });
  }
  return amounts;
}

/** Whether a soft limit is reached. */
export const isReached = (used: number, warn: number | null): boolean => warn !== null && used >= warn;

export const isWarned = ({ warnBytes, usedBytes, warnFiles, fileCount }: Usage): boolean =>
  isReached(usedBytes, warnBytes) || isReached(fileCount, warnFiles);
