import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { leaseOf, parseLease } from "../download/lease.ts";
import { listRevisions } from "../file-repository.ts";
import { fileLeaseOf, listRevoked } from "../sign/url-lease.ts";

export const confirmLeases =
  ({ db, lastReads }: StorageDeps): MethodImpl<typeof BlobService.method.confirmLeases> =>
  async ({ leases }) => {
    const ofFiles = leases.map(fileLeaseOf);
    const asked = ofFiles.map(parseLease).filter((leased) => leased !== undefined);
    const [current, revoked] = await Promise.all([
      listRevisions(
        db,
        asked.map(({ fileId }) => fileId),
      ),
      listRevoked(db, leases),
    ]);
    const valid = new Set(current.map(leaseOf));
    // The edge reads the bytes by itself.
    for (const { fileId } of current) lastReads.note(fileId);
    return { areValid: leases.map((lease) => valid.has(fileLeaseOf(lease)) && !revoked.has(lease)) };
  };
