import type { MethodImpl } from "@connectrpc/connect";
import type { ScrubService } from "../../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { scrubNotFound } from "../errors.ts";
import { toScrub } from "../scrub/scrub-message.ts";
import { findScrub } from "../scrub/scrub-repository.ts";

export const getScrub =
  ({ db }: StorageDeps): MethodImpl<typeof ScrubService.method.getScrub> =>
  async ({ scrubId }) => {
    const scrub = await findScrub(db, scrubId);
    if (!scrub) throw scrubNotFound(scrubId);
    return { scrub: toScrub(scrub) };
  };
