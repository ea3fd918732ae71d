import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { leaseOf, parseLease } from "../download/lease.ts";
import { listRevisions } from "../file-repository.ts";

export const confirmLeases =
  ({ db }: StorageDeps): MethodImpl<typeof BlobService.method.confirmLeases> =>
  async ({ leases }) => {
    const asked = leases.map(parseLease).filter((leased) => leased !== undefined);
    const current = await listRevisions(
      db,
      asked.map(({ fileId }) => fileId),
    );
    const valid = new Set(current.map(leaseOf));
    return { areValid: leases.map((lease) => valid.has(lease)) };
  };
