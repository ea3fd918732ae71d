import type { MethodImpl } from "@connectrpc/connect";
import type { KeyService } from "../../../gen/sluice/identity/v1/keys_pb.ts";
import type { IdentityDeps } from "../deps.ts";
import { countEncrypted } from "../encryption/reencrypt.ts";

export const getEncryptionStatus =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof KeyService.method.getEncryptionStatus> =>
  async () => {
    const counts = await countEncrypted(db, vault);
    return {
      keyId: vault.keyId,
      decryptionKeyId: vault.decryptionKeyId ?? "",
      kinds: counts.map(({ kind, total, pending }) => ({
        kind,
        total: BigInt(total),
        pending: BigInt(pending),
      })),
      decryptionKeyRemovable:
        vault.decryptionKeyId !== undefined && counts.every(({ pending }) => pending === 0),
    };
  };
