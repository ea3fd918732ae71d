import type { MethodImpl } from "@connectrpc/connect";
import type { ExtractService } from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { aborted } from "../../lib/process/lifetime.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import type { Extraction } from "../engine/protocol.ts";
import { startWork } from "../executions/start-work.ts";
import type { Loan } from "../lent/lent-folder.ts";
import { readChunkFile } from "../lent/read-chunk-file.ts";
import { spoolChunk } from "../lent/spool-chunk.ts";

/** Time limit of one chunk, in milliseconds. */
const chunkTimeoutMs = 60 * 60_000;

export const extractChunk = (
  deps: Pick<OrchestrationDeps, "snapshots" | "lentFolder" | "scheduler" | "stop">,
): MethodImpl<typeof ExtractService.method.extractChunk> =>
  async function* ({ snapshotId, tableIndex, range, mayLend }, context) {
    using borrowed = deps.snapshots.use(scopeOf(context).orgId, snapshotId);
    const { snapshot, ended } = borrowed;
    const chunk = snapshot.chunks.find(
      (planned) => planned.tableIndex === tableIndex && planned.range === range,
    );
    if (!chunk)
      throw invalidField("range", `the plan has no chunk ${JSON.stringify(range)} of table ${tableIndex}`);
    using work = startWork(deps, context, {
      workClass: "jobs",
      subject: "the extraction",
      limits: [{ ms: chunkTimeoutMs, setBy: "server" }],
      cancelledBy: [ended],
    });
    using admitted = await work.admit();
    const file = await snapshot.fileOf?.(chunk, admitted);
    const loan = file && mayLend ? await deps.lentFolder.lend(file) : undefined;
    if (file && loan) return yield* asLoan(loan, file.extraction, { admitted, signal: work.signal });
    const bytes = file ? readChunkFile(file) : snapshot.extract(chunk, admitted);
    // Release the permit when the work ends, even if the reader stalls.
    work.signal.addEventListener("abort", () => void giveUp(bytes).then(() => admitted[Symbol.dispose]()), {
      once: true,
    });
    const spooled = mayLend ? await spoolChunk(deps.lentFolder, bytes, work.signal) : { bytes };
    if ("loan" in spooled) {
      return yield* asLoan(spooled.loan, spooled.extraction, { admitted, signal: work.signal });
    }
    const extraction = yield* asChunks(spooled.bytes, work.signal);
    yield { part: { case: "summary" as const, value: toSummary(extraction) } };
  };

/** Lends a file until the call ends. This needs no permit, because it does no work. */
async function* asLoan(
  loan: Loan,
  extraction: Extraction,
  { admitted, signal }: { admitted: Disposable; signal: AbortSignal },
) {
  await using lent = loan;
  admitted[Symbol.dispose]();
  yield { part: { case: "file" as const, value: lent.file } };
  yield { part: { case: "summary" as const, value: toSummary(extraction) } };
  await aborted(signal);
  signal.throwIfAborted();
}

async function* asChunks(bytes: AsyncGenerator<Uint8Array, Extraction>, signal: AbortSignal) {
  let next = await bytes.next();
  try {
    for (; !next.done; next = await bytes.next()) {
      yield { part: { case: "chunk" as const, value: next.value } };
      // An aborted extraction ends like a complete one, so check the signal.
      signal.throwIfAborted();
    }
  } finally {
    // The caller is gone: end the extraction.
    if (!next.done) await bytes.return(undefined as never);
  }
  return next.value;
}

/** Ends the extraction. Resolves when its process has ended. */
async function giveUp(bytes: AsyncGenerator<Uint8Array, Extraction>): Promise<void> {
  await bytes.return(undefined as never).catch(() => {});
}

const toSummary = ({ rowCount, columns }: Extraction) => ({
  rowCount: BigInt(rowCount),
  columns: columns.map(({ nullCount, ...column }) => ({ ...column, nullCount: BigInt(nullCount) })),
});
