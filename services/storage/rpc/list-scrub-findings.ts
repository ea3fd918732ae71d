import type { MethodImpl } from "@connectrpc/connect";
import type { ScrubService } from "../../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { scrubNotFound } from "../errors.ts";
import { toFinding } from "../scrub/scrub-message.ts";
import { findScrub, listFindings } from "../scrub/scrub-repository.ts";

export const listScrubFindings =
  ({ db }: StorageDeps): MethodImpl<typeof ScrubService.method.listScrubFindings> =>
  async (request) => {
    if (!(await findScrub(db, request.scrubId))) throw scrubNotFound(request.scrubId);
    const { rows, ...page } = await listFindings(db, request);
    return { findings: rows.map(toFinding), ...page };
  };
