import { narrow, ownerIn } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Content, DataSource } from "../connectors/connector.ts";
import { sourceNotFound } from "../errors.ts";
import { type FederationDeps, openCatalogStatement } from "../federation/open-catalog-statement.ts";
import { findSource, type SourceRow } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import type { Limit } from "../timing/limit.ts";
import type { Work } from "./start-work.ts";

/** What runs the statement of an execution. */
export type StatementRunner = Pick<DataSource, "query" | "writeResult"> & {
  identify?(signal: AbortSignal): Promise<Content | undefined>;
};

/** A source, or the catalog, whose runner needs a permit to find the sources. */
export type StatementTarget =
  | { readonly kind: "source"; readonly runner: StatementRunner }
  | { readonly kind: "catalog"; open(limit: Limit): Promise<StatementRunner> };

/** What a statement runs on. */
type Subject = {
  readonly namespace: string;
  /** Null for the catalog. */
  readonly connector: string | null;
  /** Undefined for the catalog. */
  readonly source: SourceRow | undefined;
  /** `found` is called with the sources of a statement over the catalog before they are read. */
  targetOf(found: (sourceIds: readonly string[]) => Promise<void>): StatementTarget;
};

type Request = { readonly sourceId: string; readonly namespace: string; readonly sql: string };

/** Finds the source or the namespace of a statement. NotFound. */
export async function findSubject(deps: FederationDeps, scope: Scope, request: Request): Promise<Subject> {
  const { sourceId, sql } = request;
  if (sourceId === "") {
    const { namespace } = ownerIn(scope, request.namespace);
    return {
      namespace,
      connector: null,
      source: undefined,
      targetOf: (found) => ({
        kind: "catalog",
        async open(limit) {
          const inside = narrow(scope, namespace);
          const statement = await openCatalogStatement(deps, inside, { sql, namespace }, limit);
          await found(statement.sourceIds);
          return statement;
        },
      }),
    };
  }
  const source = await findSource(deps.db, scope, sourceId);
  if (!source) throw sourceNotFound(sourceId);
  if (request.namespace !== "")
    throw invalidField("namespace", "is for statements over the catalog: a source has its own");
  const { namespace, connector } = source;
  return {
    namespace,
    connector,
    source,
    targetOf: () => ({ kind: "source", runner: openSource(deps, source) }),
  };
}

type Admit = Work["admit"];

/**
 * Runs work on a target. That of the catalog needs a permit to find its sources, so it has one already when it asks for it
 * again.
 */
export async function withRunner<T>(
  target: StatementTarget,
  { admit }: { readonly admit: Admit },
  work: (runner: StatementRunner, admit: Admit) => Promise<T>,
): Promise<T> {
  if (target.kind === "source") return await work(target.runner, admit);
  using limit = await admit();
  const { signal, timeoutMs } = limit;
  const held = { signal, timeoutMs, [Symbol.dispose]() {} };
  return await work(await target.open(limit), async () => held);
}
