import { AggregatorRegistry } from "prom-client";
import { registry } from "../telemetry/metrics.ts";
import type { Access } from "./admin-access.ts";
import { type Answer, jsonAnswer, refusal } from "./answer.ts";
import { createProfiler, type ProfileKind } from "./profile.ts";
import { readinessOf } from "./readiness.ts";
import type { Workers } from "./workers.ts";

type Asked = { readonly query: URLSearchParams; readonly access: Access; readonly gone: AbortSignal };

type Page = {
  /** Whether it answers without a token, since it says nothing but that all is well or not. */
  readonly isProbe: boolean;
  answer(asked: Asked): Promise<Answer> | Answer;
};

const secondsDefault = 10;
const secondsMax = 60;

/** How long a worker may take to say how it is, in milliseconds. */
const workerMs = 3_000;

/** What a process asks its workers, besides the paths of profiles. */
const topics = { metrics: "metrics", parts: "parts" } as const;

type Parts = Readonly<Record<string, boolean>>;
type Metrics = Parameters<typeof AggregatorRegistry.aggregate>[0];
type Pages = Readonly<Record<string, Page | undefined>>;

/** The pages of the admin port, by their paths. Where there are workers, they tell of those. */
export function adminPages(options: {
  hasStarted: () => boolean;
  profiling: boolean;
  workers?: Workers | undefined;
}): Pages {
  const { workers } = options;
  const pages: Record<string, Page | undefined> = {
    __proto__: null as never,
    "/metrics": {
      isProbe: false,
      answer: async () => ({
        status: 200,
        headers: { "content-type": registry.contentType },
        body: await (workers?.haveBegun ? metricsOf(workers) : registry.metrics()),
      }),
    },
    "/healthz": { isProbe: true, answer: () => jsonAnswer(200, { status: "SERVING" }) },
    "/readyz": { isProbe: true, answer: ({ access }) => readiness(options, access) },
  };
  if (options.profiling) {
    const profiler = createProfiler();
    pages["/debug/profile"] = profilePage(profiler, "cpu", workers);
    pages["/debug/heap"] = profilePage(profiler, "heap", workers);
  }
  return pages;
}

/** What a worker answers to the process whose worker it is. */
export async function answerTopic(pages: Pages, topic: string): Promise<unknown> {
  if (topic === topics.metrics) return registry.getMetricsAsJSON();
  if (topic === topics.parts) return readinessOf();
  const { pathname, searchParams: query } = new URL(topic, "http://admin");
  return pages[pathname]?.answer({ query, access: "full", gone: new AbortController().signal });
}

/** Figures of all workers together. */
async function metricsOf(workers: Workers): Promise<string> {
  const answers = await workers.askAll(topics.metrics, workerMs);
  return AggregatorRegistry.aggregate(answers.filter((answer) => answer !== undefined) as Metrics).metrics();
}

/** A worker that does not answer is not ready; one that takes no calls yet is left out. */
async function partsOf(workers: Workers): Promise<Parts> {
  const answers = (await workers.askAll(topics.parts, workerMs)) as (Parts | undefined)[];
  if (answers.length === 0) return { processes: false };
  const all = answers.flatMap((parts) => Object.entries(parts ?? { processes: false }));
  return Object.fromEntries(
    all.map(([name]) => [name, all.every(([other, isWell]) => other !== name || isWell)]),
  );
}

async function readiness(
  { hasStarted, workers }: { hasStarted: () => boolean; workers?: Workers | undefined },
  access: Access,
): Promise<Answer> {
  const parts = await (workers?.haveBegun ? partsOf(workers) : readinessOf());
  const isReady = hasStarted() && Object.values(parts).every(Boolean);
  const status = isReady ? "SERVING" : "NOT_SERVING";
  return jsonAnswer(isReady ? 200 : 503, access === "full" ? { status, parts } : { status });
}

function profilePage(
  profiler: ReturnType<typeof createProfiler>,
  kind: ProfileKind,
  workers: Workers | undefined,
): Page {
  return {
    isProbe: false,
    async answer({ query, gone }) {
      const seconds = Number(query.get("seconds") ?? secondsDefault);
      if (!(seconds > 0 && seconds <= secondsMax)) {
        return refusal(400, `seconds: must be a number above 0, up to ${secondsMax}`);
      }
      if (workers?.haveBegun) {
        const path = kind === "cpu" ? "/debug/profile" : "/debug/heap";
        const answer = await workers.askOne(`${path}?seconds=${seconds}`, seconds * 1000 + workerMs);
        return (answer as Answer | undefined) ?? refusal(503, "no process answers");
      }
      const profile = await profiler(kind, seconds * 1000, gone);
      if (profile === undefined) return refusal(409, "a profile is being taken: one at a time");
      const name = kind === "cpu" ? "sluice.cpuprofile" : "sluice.heapprofile";
      return {
        status: 200,
        headers: {
          "content-type": "application/json",
          "content-disposition": `attachment; filename="${name}"`,
        },
        body: profile,
      };
    },
  };
}
