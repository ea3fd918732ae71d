type SlowFiles = {
  /** Why these files take long. */
  readonly reason: string;
  /** Seconds on a quiet machine with two cores, by the file's path below `tests/`. */
  readonly seconds: Readonly<Record<string, number>>;
};

/** Start, stop or kill processes, wait for limits of the product, or measure their own process. */
const waitingFiles: readonly SlowFiles[] = [
  {
    reason: "starts whole meshes, as an operator does, in one process and in six",
    seconds: {
      "e2e/journey": 42,
      "e2e/restart": 23,
      "e2e/bad-data": 23,
      "e2e/large-upload": 18,
      "e2e/signed-urls": 14,
      "e2e/at-rest": 13,
      "all-in-one/stop": 17,
      "e2e/admin-port": 6,
      "e2e/bad-input": 4,
    },
  },
  {
    reason: "kills processes in the middle of their work and waits until others take it over",
    seconds: {
      "staging/crash-recovery": 40,
      "approval/crash-recovery": 40,
      "lib/jobs": 34,
      "storage/crash-recovery": 26,
      "orchestration/crash-recovery": 19,
      "staging/killed-engine": 13,
      "orchestration/mesh-killed": 11,
      "orchestration/lineage-recovery": 11,
      "orchestration/lock-folder": 5,
      "identity/process": 5,
    },
  },
  {
    reason: "stops databases or services and waits until they are used again",
    seconds: {
      "storage/release-recovery": 57,
      "staging/outages": 21,
      "approval/lost-database": 13,
      "approval/lost-queue": 3,
      "orchestration/hot-standby": 6,
      "edge/restarts": 22,
      "edge/choice-of-address": 15,
      "edge/content-reads": 12,
      "edge/limit-places": 18,
      "edge/limit-stores": 5,
      "edge/shared-limits": 8,
    },
  },
  {
    reason: "waits for the pauses between a job's tries",
    seconds: { "staging/faults": 63, "staging/lent-chunks": 19, "staging/sources": 13 },
  },
  {
    reason: "waits for time limits on peers that are silent or slow",
    seconds: {
      "edge/abuse/slow-readers": 40,
      "edge/abuse/tiny-pieces": 29,
      "edge/concurrency-limits": 32,
      "edge/slow-senders": 12,
      "edge/overload": 10,
      "orchestration/test-connection": 29,
      "orchestration/source-processes": 31,
      "orchestration/discover-postgresql": 11,
      "orchestration/secret-destinations": 19,
      "orchestration/hostile-logins": 40,
      "orchestration/source-tls": 41,
      "storage/slow-sender": 5,
    },
  },
  {
    reason: "starts processes of the edge or of PostgreSQL",
    seconds: {
      "edge/processes": 41,
      "all-in-one/embedded-postgres": 50,
      "all-in-one/embedded-postgres-folders": 28,
      "edge/tls": 6,
    },
  },
  {
    reason: "measures a process's memory or how long it was busy",
    seconds: {
      "edge/abuse/flat-memory": 10,
      "edge/abuse/bodies": 17,
      "edge/abuse/http2-floods": 12,
      "edge/abuse/connections": 5,
      "orchestration/hostile-sources": 50,
      "orchestration/hostile-answers": 50,
      "orchestration/large-catalogs": 19,
      "orchestration/engine-pool": 16,
      "storage/bounded-memory": 14,
      "lib/release-memory": 1,
      "edge/endpoint": 1,
    },
  },
  {
    reason: "records spans and metrics, which are global in a process",
    seconds: {
      "telemetry/admin": 2,
      "telemetry/edge-traces": 4,
      "telemetry/edge-attempts": 10,
      "telemetry/gauges": 2,
      "telemetry/jobs": 2,
      "telemetry/processes": 2,
    },
  },
];

/** Keep processors busy for long. */
const busyFiles: readonly SlowFiles[] = [
  {
    reason: "runs what files and statements may cost at most in engine processes",
    seconds: {
      "orchestration/hostile-files": 99,
      "orchestration/engine-memory": 59,
      "orchestration/engine-faults": 25,
      "orchestration/fair-permits": 17,
      "orchestration/engine-crashes": 14,
      "orchestration/concurrency": 11,
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
      "orchestration/connector-postgresql": 13,
      "orchestration/connector-sqlite": 9,
      "orchestration/connector-file": 5,
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
      "edge/rpc": 9,
      "edge/promptness": 5,
      "edge/read-budgets": 6,
      "storage/cancelled-statements": 6,
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

/** Files of the project `waiting`. */
export const waitingPaths: readonly string[] = paths(waitingFiles);

type SlowFile = {
  readonly seconds: number;
  readonly reason: string;
  /** Begins after the other files of its project. */
  readonly isLate: boolean;
};

const byPath: ReadonlyMap<string, SlowFile> = new Map(
  [...waitingFiles, ...busyFiles, ...lateFiles].flatMap((group) =>
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
