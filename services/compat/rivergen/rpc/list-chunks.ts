import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { readPage } from "../read-page.ts";
import { toChunk } from "../staging-message.ts";
import { succeed } from "../succeed.ts";

export const listChunks =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.listChunks> =>
  async (request) => {
    const { jobId } = request;
    const { items, pagination } = await readPage(request, async (read) => {
      const { chunks, ...page } = await jobs.listChunks({ ...read, jobId });
      return { ...page, items: chunks };
    });
    return succeed({ items: items.map(toChunk), pagination }, "Chunks retrieved successfully");
  };
