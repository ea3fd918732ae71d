import type { Step } from "../journey.ts";

const none: readonly string[] = [];

/** A block of docs/readers.md, and most bytes that it may read, in percent of what it reads from. */
const block = (name: string, percentMax?: number): Step => ({
  step: `docs: ${name}`,
  differences: none,
  ...(percentMax !== undefined && { read: `at most ${percentMax} %` }),
});

const byHeader = { pandas: none, pyarrow: none, DuckDB: none, fsspec: none };

/** What the readers report, in order. */
export const steps: readonly Step[] = [
  { step: "stage", chunks: 8, rows: 120_000 },
  { step: "docs: setup", chunks: 8 },
  block("polars"),
  block("polars-columns", 3),
  block("polars-chunks", 25),
  block("polars-csv"),
  { step: "docs: fsspec", magic: ["PAR1", "PAR1"], read: "at most 2 %" },
  block("pandas"),
  block("pandas-csv"),
  block("pandas-columns", 3),
  block("pyarrow"),
  block("pyarrow-chunks", 5),
  block("duckdb"),
  block("duckdb-chunks", 5),
  block("duckdb-csv"),
  { step: "with API key", differences: byHeader },
  { step: "with API key as bearer", differences: byHeader },
  { step: "with access token", differences: byHeader },
  { step: "with signed URLs", differences: { ...byHeader, polars: none } },
  {
    step: "what HEAD says",
    mimetype: "application/vnd.apache.parquet",
    type: "file",
    isSize: true,
    isHash: true,
  },
  { step: "ranges", wrong: none, isKeptAlive: true },
  { step: "a percent-encoded path", differences: { DuckDB: none, pandas: none, fsspec: none } },
  {
    step: "refused",
    revoked: { polars: ["FileNotFoundError"], pandas: ["HTTPError", 404], fsspec: ["FileNotFoundError"] },
    // fsspec says so for every status.
    "no credential": {
      polars: ["PermissionError"],
      pandas: ["HTTPError", 401],
      fsspec: ["FileNotFoundError"],
    },
  },
];
