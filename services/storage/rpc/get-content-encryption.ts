import type { MethodImpl } from "@connectrpc/connect";
import type { ContentEncryptionService } from "../../../gen/sluice/storage/v1/encryption_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { isPlainContentEncrypted } from "../encryption/plain-content-repository.ts";
import { countKeys } from "../encryption/rewrap-keys.ts";

export const getContentEncryption =
  ({
    db,
    masterKeys,
  }: StorageDeps): MethodImpl<typeof ContentEncryptionService.method.getContentEncryption> =>
  async () => {
    const { total, pending } = await countKeys(db, masterKeys);
    const previous = masterKeys?.previousKeyIds ?? [];
    return {
      enabled: masterKeys !== undefined,
      masterKeyId: masterKeys?.keyId ?? "",
      previousMasterKeyIds: [...previous],
      keyCount: BigInt(total),
      pendingKeyCount: BigInt(pending),
      previousRemovable: previous.length > 0 && pending === 0,
      plainContentEncrypted: await isPlainContentEncrypted(db),
    };
  };
