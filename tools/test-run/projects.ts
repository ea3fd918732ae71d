import { processPaths } from "./slow-files.ts";

/** Tests of functions: they start no server, no database and no process, which `tests/lib/refuse-servers.ts` enforces. */
const purePaths: readonly string[] = [
  "tests/all-in-one/mesh-certificates.test.ts",
  "tests/approval/file-path.test.ts",
  "tests/compat/docs-page.test.ts",
  "tests/compat/gateway/person-name.test.ts",
  "tests/compat/rivergen/endpoints.test.ts",
  "tests/compat/rivergen/read-page.test.ts",
  "tests/compat/rivergen/settings.test.ts",
  "tests/cli/lineage-diagrams.test.ts",
  "tests/cli/neutralise.test.ts",
  "tests/cli/progress.test.ts",
  "tests/cli/reference.test.ts",
  "tests/cli/retry.test.ts",
  "tests/cli/setting-schema.test.ts",
  "tests/cli/start.test.ts",
  "tests/cli/table.test.ts",
  "tests/edge/accept.test.ts",
  "tests/edge/auth.test.ts",
  "tests/edge/binder.test.ts",
  "tests/edge/client-address.test.ts",
  "tests/edge/cluster-store.test.ts",
  "tests/edge/confirm-leases.test.ts",
  "tests/edge/http2-client/hpack.test.ts",
  "tests/edge/limit-table.test.ts",
  "tests/edge/properties.test.ts",
  "tests/edge/response.test.ts",
  "tests/edge/route.test.ts",
  "tests/edge/router.test.ts",
  "tests/edge/template.test.ts",
  "tests/exact/types-page.test.ts",
  "tests/identity/cached-load.test.ts",
  "tests/identity/issuers-file.test.ts",
  "tests/identity/map-claims.test.ts",
  "tests/identity/password.test.ts",
  "tests/identity/vault.test.ts",
  "tests/lib/certificates.test.ts",
  "tests/lib/encode-message.test.ts",
  "tests/lib/ids.test.ts",
  "tests/lib/normalize-host.test.ts",
  "tests/lib/read-sizes.test.ts",
  "tests/lib/refuse-servers.test.ts",
  "tests/openapi/document.test.ts",
  "tests/openapi/odd.test.ts",
  "tests/orchestration/ai-context/questions.test.ts",
  "tests/orchestration/ai-context/redact-literals.test.ts",
  "tests/orchestration/catalog-words.test.ts",
  "tests/orchestration/config.test.ts",
  "tests/orchestration/copy-in-chunks.test.ts",
  "tests/orchestration/cut-statistics.test.ts",
  "tests/orchestration/fair-scheduler.test.ts",
  "tests/orchestration/gate-plan.test.ts",
  "tests/orchestration/mapped-memory-limit.test.ts",
  "tests/orchestration/mysql/check-statement.test.ts",
  "tests/orchestration/cut-into-chunks.test.ts",
  "tests/orchestration/mysql/lineage.test.ts",
  "tests/orchestration/mysql/login.test.ts",
  "tests/orchestration/mysql/values.test.ts",
  "tests/orchestration/ordinary-queries.test.ts",
  "tests/orchestration/parquet-footer.test.ts",
  "tests/orchestration/read-statistics.test.ts",
  "tests/orchestration/result-files.test.ts",
  "tests/orchestration/snapshot-leases.test.ts",
  "tests/storage/config.test.ts",
  "tests/storage/sealed-content.test.ts",
  "tests/storage/content-disposition.test.ts",
  "tests/storage/entry-names.test.ts",
  "tests/storage/signed-url-tokens.test.ts",
  "tests/storage/text-page.test.ts",
  "tests/storage/model-formats.test.ts",
  "tests/telemetry/edge-sampler.test.ts",
];

const contractPaths = "tests/contract/*.test.ts";

/** Many at once: they wait most of the time. */
const together = { maxWorkers: 4, sequence: { groupOrder: 0 } };
/** Engines run at the lowest priority after half a second: a third worker that computes would starve them on two cores. */
const shared = { maxWorkers: 2, sequence: { groupOrder: 1 }, isolate: false };

/** Projects with different numbers of workers run one after the other: first those that wait, then those that compute. */
export const projects = [
  // Each file has a separate process, which it may measure, and whose global state it may change.
  { name: "processes", include: [...processPaths], isolate: true, ...together },
  {
    name: "mesh",
    include: ["tests/**/*.test.ts"],
    exclude: [...processPaths, ...purePaths, contractPaths],
    ...shared,
  },
  { name: "contract", include: [contractPaths], ...shared },
  { name: "pure", include: [...purePaths], setupFiles: ["tests/lib/refuse-servers.ts"], ...shared },
];

/** All paths that the projects name. */
export const namedPaths: readonly string[] = [...processPaths, ...purePaths];
