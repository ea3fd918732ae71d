import type { FileRow } from "../file-repository.ts";

/** What a lease is for: a file as it was when it was handed over. */
export type Leased = Pick<FileRow, "orgId" | "fileId" | "revision">;

const leaseForm = /^([\da-f-]{36})\/([\da-f-]{36})\/(\d{1,10})$/;

export const leaseOf = ({ orgId, fileId, revision }: Leased): string => `${orgId}/${fileId}/${revision}`;

/** Undefined for a text that is no lease of ours. */
export function parseLease(lease: string): Leased | undefined {
  const [, orgId, fileId, revision] = leaseForm.exec(lease) ?? [];
  return orgId && fileId && revision ? { orgId, fileId, revision: Number(revision) } : undefined;
}
