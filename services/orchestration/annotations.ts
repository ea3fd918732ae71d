/** Classes of personal data, best known first. The contract's names without their prefix. */
export const piiClasses = ["NONE", "INDIRECT", "DIRECT", "SENSITIVE"] as const;
export type PiiClassName = (typeof piiClasses)[number];

/** What users say about a column. */
export type ColumnAnnotation = {
  readonly description: string;
  readonly tags: readonly string[];
  /** Undefined if nobody has classified it. */
  readonly piiClass?: PiiClassName;
};

/** By the name of the column. */
export type ColumnAnnotations = Readonly<Record<string, ColumnAnnotation>>;
