import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { SourcePreviewSchema } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { DataSource, Preview, PreviewRequest } from "../connectors/connector.ts";
import { toListValue } from "../results/list-value.ts";
import { startWork, type WorkDeps } from "./start-work.ts";

/** How long a file may be read for a preview, in milliseconds: as for a discovery. */
const previewTimeoutMs = 5 * 60_000;

/** Rows of a preview that nobody asked for. */
const dryRunRowsMax = 10;

/** Reads a source for its first rows, with a permit, as the work of a call. */
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

/** What a dry run answers of a source: a file is read, a database is not. */
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
