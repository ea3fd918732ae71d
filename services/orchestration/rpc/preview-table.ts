import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { FilePreviewService } from "../../../gen/sluice/orchestration/v1/file_previews_pb.ts";
import { notFound } from "../../lib/rpc/errors.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { connectorNotFound } from "../errors.ts";
import { readPreview } from "../executions/read-preview.ts";

const maxRowsDefault = 20;

export const previewTable =
  (deps: OrchestrationDeps): MethodImpl<typeof FilePreviewService.method.previewTable> =>
  async ({ fileId, maxRows }, context) => {
    const connector = deps.connectors.get("file");
    if (!connector) throw connectorNotFound("file");
    const source = connector.open({ fileId }, "file_id");
    const request = { table: undefined, maxRows: maxRows || maxRowsDefault };
    const preview = await readPreview(deps, context, source, request).catch((error: unknown) => {
      throw isMissing(error) ? notFound("file", fileId) : error;
    });
    return { preview };
  };

const isMissing = (error: unknown): boolean =>
  error instanceof ConnectError && error.cause instanceof ConnectError && error.cause.code === Code.NotFound;
