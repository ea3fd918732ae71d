/** Metadata of a call: the id of the folder whose files the caller can read, as sluice.common.v1.HttpFile names them. */
export const sharedFolderHeader = "x-sluice-shared-folder";

/** The file that holds a folder's id, in the folder itself. */
export const sharedFolderIdFile = "id";

/** The file's name in its folder. The hash in it can't be another one than the lender's. */
export const lentFileName = ({ name, sha256 }: { name: string; sha256: string }): string =>
  `${name}-${sha256}`;
