import type { HandlerContext } from "@connectrpc/connect";
import type { SourcePreview } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { CachedResults } from "../cache/cached-results.ts";
import { previewForm, toSourcePreview } from "../cache/kept-forms.ts";
import type { DataSource, PreviewRequest } from "../connectors/connector.ts";
import { startWork, type WorkDeps } from "./start-work.ts";

/** Time limit of a preview, in milliseconds: the same as of a discovery. */
const previewTimeoutMs = 5 * 60_000;

/** Rows of the preview that a dry run returns. */
const dryRunRowsMax = 10;

/** Longest wait for an equal preview, in milliseconds. */
const waitMs = 10_000;

type PreviewDeps = WorkDeps & { readonly cachedResults: CachedResults };

/** Reads the first rows of a source, with a permit; the preview of a file may be kept. */
export async function readPreview(
  deps: PreviewDeps,
  context: HandlerContext,
  source: DataSource,
  request: PreviewRequest,
): Promise<SourcePreview> {
  using work = startWork(deps, context, {
    workClass: "interactive",
    subject: "the preview",
    limits: [{ ms: previewTimeoutMs, setBy: "server" }],
  });
  const { signal } = work;
  const wanted = {
    kind: "preview" as const,
    orgId: scopeOf(context).orgId,
    subject: [request.maxRows],
    // A file is one table: another request is an error, which is not kept.
    identify: async () => (request.table ? undefined : source.identify?.(signal)),
    waitMs,
    computeMs: previewTimeoutMs,
    signal,
    ...previewForm,
  };
  try {
    const { result } = await deps.cachedResults.through(wanted, async () => {
      using admitted = await work.admit();
      const { contentId, ...preview } = await source.preview(request, admitted);
      return { contentId, message: toSourcePreview(preview) };
    });
    return result.message;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Preview for a dry run. A file is read; a database is not, because it has several tables. */
export async function previewDryRun(deps: PreviewDeps, context: HandlerContext, source: DataSource) {
  if (!source.isOneTable) return {};
  const request = { table: undefined, maxRows: dryRunRowsMax };
  return { preview: await readPreview(deps, context, source, request) };
}
