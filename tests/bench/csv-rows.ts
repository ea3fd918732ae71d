import { type CsvRace, type CsvRacer, csvRace } from "./csv-staging.ts";
import { missingForMemory } from "./peak-memory.ts";
import { missingForPython } from "./python.ts";
import { medianSeconds, ratioIn } from "./race.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

const million = csvRace(1_000_000, 5);
const middle = csvRace(8_000_000, 3);
const large = csvRace(24_000_000, 3);
const compressed = csvRace(8_000_000, 3, "gzip");

const memoryMaxMb = 900;
const growthMax = 3.2;

type Measure = (world: World) => Promise<CsvRace>;

export const csvRows: readonly Row[] = [
  ...rowsOf("1,000,000 rows", million),
  ...rowsOf("8,000,000 rows", middle),
  ratioRow("gzip CSV to Parquet, 8,000,000 rows, first job", "first job", 0.8, compressed, duckdbCopy()),
  memoryRow("gzip CSV to Parquet, 8,000,000 rows", compressed),
  ...rowsOf("24,000,000 rows", large),
  {
    name: "CSV to Parquet, first job: times as long for 24,000,000 rows as for 8,000,000",
    target: { atMost: growthMax },
    async measure(world) {
      const shorter = medianSeconds((await middle(world)).laps["first job"]);
      const longer = medianSeconds((await large(world)).laps["first job"]);
      return { value: longer / shorter, unit: "x", figures: { shorter, longer, of: "seconds" } };
    },
  },
];

type Rival = { readonly against: string; readonly racer: CsvRacer; missing?(): string | undefined };

function duckdbCopy(): Rival {
  return { against: "DuckDB's COPY in one pass", racer: "DuckDB" };
}

function rowsOf(size: string, measure: Measure): Row[] {
  const first = `CSV to Parquet, ${size}, first job`;
  const forNode = { against: "DuckDB's COPY in one pass, for Node", racer: "DuckDB for Node" } as const;
  const polars = {
    against: "polars' scan_csv and sink_parquet",
    racer: "polars",
    missing: missingForPython,
  } as const;
  const reading = { against: "DuckDB reading the CSV", racer: "DuckDB's query" } as const;
  return [
    ratioRow(first, "first job", 0.85, measure, duckdbCopy()),
    ratioRow(first, "first job", 0.85, measure, forNode),
    ratioRow(first, "first job", 1, measure, polars),
    ratioRow(`CSV to Parquet, ${size}, second job`, "second job", 5, measure, duckdbCopy()),
    ratioRow(`query of a CSV, ${size}, after its first job`, "query", 5, measure, reading),
    memoryRow(`CSV to Parquet, ${size}`, measure),
  ];
}

function ratioRow(name: string, ours: CsvRacer, target: number, measure: Measure, rival: Rival): Row {
  return {
    name,
    against: rival.against,
    target,
    ...(rival.missing && { missing: rival.missing }),
    async measure(world) {
      const raced = await measure(world);
      const { figures, ...compared } = ratioIn(raced, ours, rival.racer);
      const mb = raced.sizeBytes / 1e6;
      return { ...compared, figures: { ...figures, mb, uploadMbPerSecond: raced.uploadMbPerSecond } };
    },
  };
}

/** Peak memory of the mesh over all its laps. */
function memoryRow(of: string, measure: Measure): Row {
  return {
    name: `${of}: peak memory of the mesh`,
    target: { atMost: memoryMaxMb },
    missing: missingForMemory,
    async measure(world) {
      const { peakMb } = await measure(world);
      const [firstJob = 0, secondJob = 0, query = 0] = [
        peakMb["first job"],
        peakMb["second job"],
        peakMb.query,
      ];
      const { DuckDB: duckdb = 0, polars = 0 } = peakMb;
      const figures = { firstJob, secondJob, query, duckdb, polars };
      return { value: Math.max(firstJob, secondJob, query), unit: "MB", figures };
    },
  };
}
