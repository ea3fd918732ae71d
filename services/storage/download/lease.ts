import type { FileRow } from "../file-repository.ts";

/** Identifies a file in the revision that was lent. */
export type Leased = Pick<FileRow, "fileId" | "revision"> & { readonly orgId: string };

const leaseForm = /^([\da-f-]{36})\/([\da-f-]{36})\/(\d{1,10})$/;

export const leaseOf = ({ orgId, fileId, revision }: Leased): string => `${orgId}/${fileId}/${revision}`;

/** Undefined if the text is not a lease. */
export function parseLease(lease: string): Leased | undefined {
  const [, orgId, fileId, revision] = leaseForm.exec(lease) ?? [];
  return orgId && fileId && revision ? { orgId, fileId, revision: Number(revision) } : undefined;
}
