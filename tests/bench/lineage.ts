import { type Figure, median, speedOf } from "./compare.ts";
import type { Row } from "./row.ts";
import type { Mesh, World } from "./world.ts";

// A graph of jobs that each make a data set of three of the layer before: 100,000 edges, recorded as OpenLineage events.

const layers = 25;
const jobsOfLayer = 1_000;
const inputsOfJob = 3;
const edges = layers * jobsOfLayer * (inputsOfJob + 1);
const batchEvents = 500;
const connections = 2;
const depth = 10;
const walks = 100;
const warmUps = 10;

const namespace = "bench";

export const lineageRows: readonly Row[] = [
  {
    name: `OpenLineage events in batches of ${batchEvents}: events a second`,
    target: { atLeast: 2_000 },
    measure: async (world) => (await graphOf(world)).ingest,
  },
  {
    name: `lineage of depth ${depth} over ${edges.toLocaleString("en")} edges: p95`,
    target: { atMost: 50 },
    measure: async (world) => walkTimes(await graphOf(world)),
  },
];

type Graph = {
  readonly mesh: Mesh<unknown>;
  /** Jobs of a layer, as many as its data sets. */
  readonly width: number;
  readonly ingest: Figure;
};

const graphs = new WeakMap<World, Promise<Graph>>();

/** The rows share a graph, which the first of them records. */
function graphOf(world: World): Promise<Graph> {
  const graph = graphs.get(world) ?? recordGraph(world);
  graphs.set(world, graph);
  return graph;
}

async function recordGraph(world: World): Promise<Graph> {
  const mesh = await world.oneProcess();
  const width = world.rowsOf(jobsOfLayer);
  const jobs = layers * width;
  const all = Array.from({ length: jobs }, (_, job) => eventOf(job, width));
  const firsts = Array.from({ length: Math.ceil(jobs / batchEvents) }, (_, batch) => batch * batchEvents);
  const left = firsts.values();
  const lane = async () => {
    for (const first of left) {
      const events = all.slice(first, first + batchEvents);
      type Recorded = { recordedCount: number };
      const { recordedCount } = await mesh.call<Recorded>("POST", "/api/v1/lineage/batch", events);
      if (recordedCount !== events.length) throw new Error(`${recordedCount} events were recorded`);
    }
  };
  const value = await speedOf(jobs, () => Promise.all(Array.from({ length: connections }, lane)));
  return { mesh, width, ingest: { value, unit: "/s", figures: { events: jobs, connections } } };
}

const dataset = (layer: number, place: number) => ({ namespace, name: `layer_${layer}.${place}` });

/** The end of a run of a job. The data sets that it reads are read by no other job near it. */
function eventOf(job: number, width: number) {
  const layer = Math.floor(job / width);
  const place = job % width;
  return {
    eventType: "COMPLETE",
    eventTime: "2026-11-20T10:00:00Z",
    producer: "https://example.com/bench",
    schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    run: { runId: `0193a5c0-0000-7000-8000-${String(job).padStart(12, "0")}` },
    job: { namespace, name: `job_${job}` },
    inputs: Array.from({ length: inputsOfJob }, (_, input) =>
      dataset(layer, (place * inputsOfJob + input) % width),
    ),
    outputs: [dataset(layer + 1, place)],
  };
}

/** Times of walks upstream from data sets of the last layer. */
async function walkTimes({ mesh, width }: Graph): Promise<Figure> {
  type Found = { nodes: { entityId: string }[] };
  type Walked = { edges: unknown[] };
  const times: number[] = [];
  let widest = 0;
  for (let index = 0; index < warmUps + walks; index++) {
    const query = new URLSearchParams(dataset(layers, (index * 7) % width));
    const { nodes } = await mesh.call<Found>("GET", `/api/v1/lineage:find?${query}`);
    const path = `/api/v1/lineage/${nodes[0]?.entityId}/upstream?depth=${depth}`;
    const beganMs = performance.now();
    const walked = await mesh.call<Walked>("GET", path);
    if (index >= warmUps) times.push(performance.now() - beganMs);
    widest = Math.max(widest, walked.edges.length);
  }
  const p95 = times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN;
  return { value: p95, unit: "ms", figures: { p50: median(times), edges: widest, walks } };
}
