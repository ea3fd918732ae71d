import { processFiles, type SlowFiles } from "./slow-process-files.ts";

/** Keep processors busy for long. */
const busyFiles: readonly SlowFiles[] = [
  {
    reason: "hashes passwords many times, as slowly as a login",
    seconds: { "identity/login-limits": 8, "identity/bootstrap": 6 },
  },
  {
    reason: "starts OpenID Connect providers, and signs in at them again and again",
    seconds: { "identity/exchange-code": 6, "identity/issuer-tokens": 5 },
  },
  {
    reason: "builds graphs of random or many events, or waits for retries of receivers",
    seconds: {
      "orchestration/lineage-receivers": 25,
      "orchestration/lineage-projection": 11,
      "orchestration/lineage-events": 9,
    },
  },
  {
    reason: "runs what files and statements may cost at most in engine processes",
    seconds: {
      "orchestration/hostile-files": 99,
      "orchestration/engine-memory": 59,
      "orchestration/engine-faults": 25,
      "orchestration/fair-permits": 17,
      "orchestration/cache/cached-queries": 20,
      "orchestration/cache/cache-faults": 10,
      "orchestration/cache/cached-previews": 6,
      "orchestration/engine-crashes": 14,
      "orchestration/concurrency": 11,
    },
  },
  {
    reason:
      "starts PostgreSQL and MariaDB as sources, and moves their rows for each statement of a table of cases",
    seconds: {
      "orchestration/federation/tpch": 60,
      "orchestration/federation/same-results": 50,
      "orchestration/federation/faults": 20,
      "orchestration/federation/catalog-query": 15,
      "orchestration/federation/results": 10,
      "orchestration/plan-query": 10,
    },
  },
  {
    reason: "starts a process for each of many HTTP sources, and repeats failed requests",
    seconds: {
      "orchestration/http/faults": 16,
      "orchestration/http/paging": 9,
      "orchestration/connector-http-json": 9,
      "orchestration/connector-http-file": 9,
    },
  },
  {
    reason: "discovers a database again after each change, or fills a catalog with thousands of tables",
    seconds: {
      "orchestration/discover-changes": 7,
      "orchestration/search-catalog": 9,
      "orchestration/search-plans": 9,
      "orchestration/update-table": 6,
      "orchestration/discovery-schedule": 9,
      "orchestration/get-ai-context": 8,
      "orchestration/ai-context/quality": 6,
      "orchestration/refresh-table": 5,
      "orchestration/list-table-versions": 5,
      "cli/catalog": 7,
    },
  },
  {
    reason: "reads a corpus, random or damaged files whole, several times",
    seconds: {
      "exact/corpus": 57,
      "exact/fuzz": 18,
      "orchestration/prepared-files": 25,
      "orchestration/discover-file": 31,
      "orchestration/extract-file": 14,
      "orchestration/blob-cache": 16,
    },
  },
  {
    reason: "runs a statement for each row of a table of cases, in several formats or protocols",
    seconds: {
      "orchestration/stream-query": 38,
      "orchestration/lineage-executions": 32,
      "orchestration/warm-sessions": 14,
      "orchestration/connector-mysql": 9,
      "orchestration/connector-postgresql": 13,
      "orchestration/connector-sqlite": 9,
      "orchestration/sqlite/sqlite-values": 6,
      "orchestration/sqlite/sqlite-hostile": 8,
      "orchestration/source-folders": 6,
      "orchestration/connector-file": 5,
      "orchestration/connector-workbook": 8,
      "orchestration/connector-duckdb": 7,
      "orchestration/duckdb/duckdb-values": 6,
      "orchestration/duckdb/duckdb-hostile": 10,
      "orchestration/result-types": 13,
      "orchestration/get-upstream": 11,
      "orchestration/execute-through-edge": 9,
      "orchestration/execute-refused": 8,
      "orchestration/execute-stopped": 8,
      "orchestration/execute-postgresql": 7,
      "orchestration/results-through-edge": 7,
      "orchestration/cancel-execution": 7,
      "orchestration/time-limits": 6,
      "orchestration/kept-database": 5,
      "orchestration/mysql/hostile": 13,
      "orchestration/mysql/sessions": 9,
      "orchestration/mysql/types": 6,
      "edge/rpc": 9,
      "edge/tus": 6,
      "edge/tus-clients": 5,
      "compat/cdap/requests": 6,
      "compat/cdap/dialect": 5,
      "compat/cdap/sweep": 5,
      "compat/gateway/requests": 9,
      "compat/rivergen/requests": 8,
      "compat/rivergen/dialect": 6,
      "compat/rivergen/ports": 10,
      "compat/rivergen/nonsense": 6,
      "compat/rivergen/sweep": 20,
      "compat/gateway/dialect": 6,
      "compat/gateway/sweep": 6,
      "edge/delegation": 5,
      "edge/compositions": 5,
      "identity/resolve-delegate": 5,
      "edge/promptness": 5,
      "edge/read-budgets": 6,
      "storage/cancelled-statements": 6,
    },
  },
  {
    reason:
      "fails every operation of a write in turn, or starts storage on data of another time or with other keys",
    seconds: {
      "storage/disk-faults": 6,
      "storage/restored": 8,
      "storage/encryption": 8,
      "storage/get-storage-status": 3,
      "edge/encrypted-reads": 3,
    },
  },
  {
    reason: "calls every method of a whole mesh, for several callers",
    seconds: {
      "contract/foreign-namespaces": 10,
      "contract/foreign-things": 10,
      "contract/hostile-text": 36,
    },
  },
  {
    reason: "reads many rows of PostgreSQL",
    seconds: {
      "orchestration/extract-consistency": 14,
      "orchestration/extract-ranges": 13,
      "orchestration/postgresql-types": 12,
    },
  },
  {
    reason: "fills a table with a million rows, or compares random filters and pages with the database's",
    seconds: { "lib/list-indexes": 35, "lib/list-filter": 8, "lib/list-order": 5 },
  },
  {
    reason: "searches thousands of vectors by both engines, one of which has a PostgreSQL of its own",
    seconds: { "storage/vector-engines": 15 },
  },
  {
    reason: "starts a mesh and calls every list or every update in it",
    seconds: { "contract/lists": 7, "contract/updates": 6 },
  },
  {
    reason: "reads random ranges, or archives of thousands of files, and compares every byte",
    seconds: { "edge/byte-ranges": 6, "storage/download-archive": 10 },
  },
  {
    reason: "takes releases through their whole life",
    seconds: {
      "approval/publish-project": 12,
      "approval/verify-chain": 7,
      "approval/whole-mesh": 6,
      "staging/pause-job": 6,
      "storage/put-blob": 7,
      "storage/publish-release": 5,
      "storage/concurrency": 5,
    },
  },
];

/**
 * Keep the test's own process busy. The processes of engines have a low priority after half a second, and would get no processor
 * beside two of these.
 */
const lateFiles: readonly SlowFiles[] = [
  {
    reason: "computes in the test's own process",
    seconds: {
      "orchestration/gate-catalogue": 28,
      "orchestration/engine-files/xlsx": 9,
      "orchestration/engine-files/csv-scan": 13,
      "orchestration/engine-files/csv-guesses": 9,
      "orchestration/engine-files/json": 9,
      "orchestration/attack-statements": 7,
    },
  },
];

const pathOf = (name: string): string => `tests/${name}.test.ts`;

const paths = (groups: readonly SlowFiles[]): string[] =>
  groups.flatMap(({ seconds }) => Object.keys(seconds).map(pathOf));

/** Files of the project `processes`. */
export const processPaths: readonly string[] = paths(processFiles);

type SlowFile = {
  readonly seconds: number;
  readonly reason: string;
  /** Begins after the other files of its project. */
  readonly isLate: boolean;
};

const byPath: ReadonlyMap<string, SlowFile> = new Map(
  [...processFiles, ...busyFiles, ...lateFiles].flatMap((group) =>
    Object.entries(group.seconds).map(([name, seconds]) => [
      pathOf(name),
      { seconds, reason: group.reason, isLate: lateFiles.includes(group) },
    ]),
  ),
);

/** All paths that the table names. */
export const slowPaths: readonly string[] = [...byPath.keys()];

/** The entry of a file by its path in the repository; undefined if it is not slow. */
export const findSlowFile = (path: string): SlowFile | undefined => byPath.get(path);
