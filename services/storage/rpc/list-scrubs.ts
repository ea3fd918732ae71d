import type { MethodImpl } from "@connectrpc/connect";
import type { ScrubService } from "../../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { toScrub } from "../scrub/scrub-message.ts";
import * as repository from "../scrub/scrub-repository.ts";

export const listScrubs =
  ({ db }: StorageDeps): MethodImpl<typeof ScrubService.method.listScrubs> =>
  async () => ({ scrubs: (await repository.listScrubs(db)).map(toScrub) });
