/** Metadata of a call: id of the folder whose files the caller can read (see sluice.common.v1.HttpFile). */
export const sharedFolderHeader = "x-sluice-shared-folder";

/** Name of the file in the folder that holds its id. */
export const sharedFolderIdFile = "id";

/** The name contains the hash, so a file can't be mistaken for one of other content. */
export const lentFileName = ({ name, sha256 }: { name: string; sha256: string }): string =>
  `${name}-${sha256}`;
