import type { HandlerContext, MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import { qualifiedName } from "../ai-context/describe-table.ts";
import { findTables } from "../ai-context/find-tables.ts";
import { packExtras, packTables, type TablePack } from "../ai-context/pack-context.ts";
import { listLineage, listPastStatements } from "../ai-context/past-statements.ts";
import { questionWords } from "../ai-context/question-words.ts";
import { readSamples, type Samples } from "../ai-context/read-samples.ts";
import { scopeWith } from "../ai-context/scope-with.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { listSourcesById, type SourceRow } from "../source-repository.ts";

const tokensDefault = 4000;
const tablesDefault = 10;

type SampleOptions = { readonly sampleRows: number; readonly unclassifiedSamples: boolean };

export const getAiContext =
  (deps: OrchestrationDeps): MethodImpl<typeof CatalogService.method.getAiContext> =>
  async ({ question, namespace, sourceId, schemaName, maxTokens, maxTables, ...options }, context) => {
    const { db } = deps;
    const scope = narrow(scopeOf(context), namespace);
    const tokensMax = maxTokens || tokensDefault;
    const found = await findTables(db, scope, questionWords(question), { sourceId, schemaName });
    const rows = found.slice(0, maxTables || tablesDefault);
    const sourceIds = [...new Set(rows.map((row) => row.sourceId))];
    const sources = new Map((await listSourcesById(db, scope, sourceIds)).map((row) => [row.sourceId, row]));
    const pack = packTables(rows, sources, tokensMax);
    const tableIds = pack.blocks.map(({ row }) => row.tableId);
    if (tableIds.length === 0) return {};
    const omitted: string[] = [];
    const allowed = (permission: string, what: string): Scope => {
      const narrowed = scopeWith(scope, permission);
      if (narrowed.namespaces.length === 0) omitted.push(`${what}: permission ${permission} is required`);
      return narrowed;
    };
    const [lineage, statements] = await Promise.all([
      listLineage(db, allowed("lineage.read", "lineage"), tableIds),
      listPastStatements(db, allowed("executions.read", "past statements"), tableIds),
    ]);
    const samples = await sampleTables(deps, context, { pack, sources, options, omitted });
    const { text, tokenCount } = packExtras(pack, { lineage, statements, samples }, tokensMax);
    return {
      text,
      tokenCount,
      tables: pack.blocks.map(({ row, omittedColumnCount }) => ({
        tableId: row.tableId,
        sourceId: row.sourceId,
        schemaName: row.schemaName,
        name: row.name,
        omittedColumnCount,
      })),
      omitted,
    };
  };

type Sampling = {
  readonly pack: TablePack;
  readonly sources: ReadonlyMap<string, SourceRow>;
  readonly options: SampleOptions;
  /** Gets why samples are missing. */
  readonly omitted: string[];
};

/** Samples of the tables that the caller may query, one source after the other. */
async function sampleTables(
  deps: OrchestrationDeps,
  context: HandlerContext,
  { pack, sources, options, omitted }: Sampling,
): Promise<ReadonlyMap<string, Samples>> {
  const { principal } = scopeOf(context);
  const samples = new Map<string, Samples>();
  if (options.sampleRows === 0) return samples;
  for (const { row } of pack.blocks) {
    const source = sources.get(row.sourceId);
    if (!source) continue;
    const what = `samples of ${qualifiedName(row)}`;
    if (!allowsIn(principal, "executions.write", row.namespace)) {
      omitted.push(`${what}: permission executions.write is required`);
      continue;
    }
    const found = await readSamples(deps, context, {
      row,
      source,
      maxRows: options.sampleRows,
      withUnclassified: options.unclassifiedSamples,
    });
    if (found && "problem" in found) omitted.push(`${what}: ${found.problem}`);
    else if (found) samples.set(row.tableId, found);
  }
  return samples;
}
