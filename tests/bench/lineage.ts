import { type Figure, median, speedOf } from "./compare.ts";
import { lapOf } from "./peak-memory.ts";
import { processorSeconds } from "./processor-time.ts";
import type { Row } from "./row.ts";
import type { Mesh, WholeMesh, World } from "./world.ts";

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
/** Events of the round in which the memory is sampled, which takes processor time. */
const watchedEvents = 5_000;

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
  readonly mesh: Mesh<WholeMesh>;
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
  const { roots } = mesh.process;
  const before = processorSeconds(roots);
  const value = await speedOf(jobs, () => send(mesh, all));
  const processorMs = (1000 * (processorSeconds(roots) - before)) / jobs;
  const others = all
    .slice(0, watchedEvents)
    .map((event) => ({ ...event, eventTime: "2026-11-20T11:00:00Z" }));
  const { peakMb = 0 } = await lapOf({ watched: true }, roots, () =>
    speedOf(others.length, () => send(mesh, others)),
  );
  return {
    mesh,
    width,
    ingest: { value, unit: "/s", figures: { events: jobs, connections, processorMs, peakMb } },
  };
}

async function send(mesh: Graph["mesh"], events: readonly object[]): Promise<void> {
  type Recorded = { recordedCount: number };
  const count = Math.ceil(events.length / batchEvents);
  const left = Array.from({ length: count }, (_, batch) => batch * batchEvents).values();
  const lane = async () => {
    for (const first of left) {
      const batch = events.slice(first, first + batchEvents);
      const { recordedCount } = await mesh.call<Recorded>("POST", "/api/v1/lineage/batch", batch);
      if (recordedCount !== batch.length) throw new Error(`${recordedCount} events were recorded`);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
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
  const ids: (string | undefined)[] = [];
  for (let index = 0; index < warmUps + walks; index++) {
    const query = new URLSearchParams(dataset(layers, (index * 7) % width));
    ids.push((await mesh.call<Found>("GET", `/api/v1/lineage:find?${query}`)).nodes[0]?.entityId);
  }
  const times: number[] = [];
  let widest = 0;
  const walk = async (entityId: string | undefined) => {
    const beganMs = performance.now();
    const walked = await mesh.call<Walked>("GET", `/api/v1/lineage/${entityId}/upstream?depth=${depth}`);
    times.push(performance.now() - beganMs);
    widest = Math.max(widest, walked.edges.length);
  };
  for (const id of ids.slice(0, warmUps)) await walk(id);
  times.length = 0;
  const before = processorSeconds(mesh.process.roots);
  for (const id of ids.slice(warmUps)) await walk(id);
  const processorMs = (1000 * (processorSeconds(mesh.process.roots) - before)) / walks;
  const p95 = times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN;
  return { value: p95, unit: "ms", figures: { p50: median(times), edges: widest, walks, processorMs } };
}
