import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import {
  type ExecutionService,
  ResultFormat as Format,
} from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import type { ResultFormat, WrittenResult } from "../engine/protocol.ts";
import { withRunner } from "../executions/find-subject.ts";
import { runExecution } from "../executions/run-execution.ts";
import { csvHeader } from "../results/csv-header.ts";

export const streamQuery = (
  deps: OrchestrationDeps,
): MethodImpl<typeof ExecutionService.method.streamQuery> =>
  async function* ({ sourceId, namespace, sql, maxRows, timeout, format }, context) {
    const { orgId, principal } = scopeOf(context);
    const { name, contentType } = formats[format] ?? ndjson;
    await using opened = new AsyncDisposableStack();
    const { executionId, result } = await runExecution(
      deps,
      context,
      { sourceId, namespace, sql, timeout },
      (target, started) =>
        withRunner(target, started, async (runner, admit) => {
          using limit = await admit();
          const file = opened.use(await deps.resultFiles.create({ orgId, userId: principal.userId }));
          const signal = AbortSignal.any([limit.signal, file.exceeded]);
          const query = { sql, maxRows: maxRows || undefined, format: name, outputPath: file.path };
          const written = await runner.writeResult(query, { ...limit, signal });
          return { ...written, file, sizeBytes: await file.finish() };
        }),
    );
    const header = name === "csv" ? csvHeader(result.columns) : new Uint8Array(0);
    const head = headOf(executionId, name, result, header.byteLength + result.sizeBytes);
    yield { contentType, data: header, extensions: [head] };
    for await (const data of result.file.read()) yield { data } satisfies Body;
  };

type Body = MessageInitShape<typeof HttpBodySchema>;

type Written = { readonly name: ResultFormat; readonly contentType: string };

const ndjson: Written = { name: "ndjson", contentType: "application/x-ndjson" };

const formats: Readonly<Record<Format, Written>> = {
  [Format.UNSPECIFIED]: ndjson,
  [Format.NDJSON]: ndjson,
  [Format.CSV]: { name: "csv", contentType: "text/csv; charset=utf-8; header=present" },
  [Format.PARQUET]: { name: "parquet", contentType: "application/vnd.apache.parquet" },
  [Format.ARROW]: { name: "arrow", contentType: "application/vnd.apache.arrow.stream" },
};

/** The content length lets every client detect an incomplete file. */
function headOf(executionId: string, format: ResultFormat, result: WrittenResult, sizeBytes: number) {
  const headers = {
    "content-length": String(sizeBytes),
    "content-disposition": `attachment; filename="${executionId}.${format === "arrow" ? "arrows" : format}"`,
    "sluice-execution-id": executionId,
    "sluice-row-count": String(result.rowCount),
    "sluice-truncated": String(result.truncated),
  };
  return anyPack(HttpHeadSchema, create(HttpHeadSchema, { headers }));
}
