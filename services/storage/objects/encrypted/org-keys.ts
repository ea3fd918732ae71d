/** A key of an organisation: it wraps the data keys of the organisation's objects. */
export type OrgKey = {
  /** A UUID. */
  readonly keyId: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
};

/** Keys of the organisations. */
export type OrgKeys = {
  /** The key for new objects of an organisation, which is created when it is needed first. */
  current(orgId: string): Promise<OrgKey>;
  /** A key by its id; undefined if the organisation has none with this id. */
  find(orgId: string, keyId: string): Promise<OrgKey | undefined>;
};
