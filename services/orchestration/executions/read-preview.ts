import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { SourcePreviewSchema } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { DataSource, Preview, PreviewRequest } from "../connectors/connector.ts";
import { toListValue } from "../results/list-value.ts";
import { startWork, type WorkDeps } from "./start-work.ts";

/** Time limit of a preview, in milliseconds: the same as of a discovery. */
const previewTimeoutMs = 5 * 60_000;

/** Rows of the preview that a dry run returns. */
const dryRunRowsMax = 10;

/** Reads the first rows of a source, with a permit. */
export async function readPreview(
  deps: WorkDeps,
  context: HandlerContext,
  source: DataSource,
  request: PreviewRequest,
): Promise<MessageInitShape<typeof SourcePreviewSchema>> {
  using work = startWork(deps, context, {
    workClass: "interactive",
    subject: "the preview",
    limits: [{ ms: previewTimeoutMs, setBy: "server" }],
  });
  using admitted = await work.admit();
  try {
    return toSourcePreview(await source.preview(request, admitted));
  } catch (error) {
    admitted.signal.throwIfAborted();
    throw error;
  }
}

/** Preview for a dry run. A file is read; a database is not, because it has several tables. */
export async function previewDryRun(deps: WorkDeps, context: HandlerContext, source: DataSource) {
  if (!source.isOneTable) return {};
  const request = { table: undefined, maxRows: dryRunRowsMax };
  return { preview: await readPreview(deps, context, source, request) };
}

const toSourcePreview = ({
  settings,
  columns,
  rows,
  rowCount,
  problems,
  ...preview
}: Preview): MessageInitShape<typeof SourcePreviewSchema> => ({
  ...preview,
  settings,
  columns: columns.map(({ name, dataType, nullable, form = "", note = "" }) => ({
    name,
    dataType,
    form,
    note,
    ...(nullable !== undefined && { nullable }),
  })),
  rows: rows.map(toListValue),
  ...(rowCount !== undefined && { rowCount }),
  problems: problems.map(({ line = 0, column = "", message }) => ({ line: BigInt(line), column, message })),
});
