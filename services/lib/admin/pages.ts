import { AggregatorRegistry } from "prom-client";
import { registry } from "../telemetry/metrics.ts";
import type { Access } from "./admin-access.ts";
import { type AdminResponse, errorResponse, jsonResponse } from "./admin-response.ts";
import { createProfiler, type ProfileKind } from "./profile.ts";
import { readinessOf } from "./readiness.ts";
import type { Workers } from "./workers.ts";

type PageRequest = { readonly query: URLSearchParams; readonly access: Access; readonly signal: AbortSignal };

type Page = {
  /** Served without a token: it reveals nothing but the health of the process. */
  readonly isProbe: boolean;
  respond(request: PageRequest): Promise<AdminResponse> | AdminResponse;
};

const secondsDefault = 10;
const secondsMax = 60;

/** Timeout of a worker's reply, in milliseconds. */
const workerMs = 3_000;

/** Topics of the messages to workers, beside the paths of profiles. */
const topics = { metrics: "metrics", parts: "parts" } as const;

type Parts = Readonly<Record<string, boolean>>;
type Metrics = Parameters<typeof AggregatorRegistry.aggregate>[0];
type Pages = Readonly<Record<string, Page | undefined>>;

/** Pages of the admin port by path. With workers, they report the workers' state. */
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
      respond: async () => ({
        status: 200,
        headers: { "content-type": registry.contentType },
        body: await (workers?.haveBegun ? metricsOf(workers) : registry.metrics()),
      }),
    },
    "/healthz": { isProbe: true, respond: () => jsonResponse(200, { status: "SERVING" }) },
    "/readyz": { isProbe: true, respond: ({ access }) => readiness(options, access) },
  };
  if (options.profiling) {
    const profiler = createProfiler();
    pages["/debug/profile"] = profilePage(profiler, "cpu", workers);
    pages["/debug/heap"] = profilePage(profiler, "heap", workers);
  }
  return pages;
}

/** Reply of a worker to its primary process. */
export async function replyToTopic(pages: Pages, topic: string): Promise<unknown> {
  if (topic === topics.metrics) return registry.getMetricsAsJSON();
  if (topic === topics.parts) return readinessOf();
  const { pathname, searchParams: query } = new URL(topic, "http://admin");
  return pages[pathname]?.respond({ query, access: "full", signal: new AbortController().signal });
}

/** Metrics aggregated over all workers. */
async function metricsOf(workers: Workers): Promise<string> {
  const replies = await workers.askAll(topics.metrics, workerMs);
  return AggregatorRegistry.aggregate(replies.filter((reply) => reply !== undefined) as Metrics).metrics();
}

/** A worker that does not reply is not ready. Workers that don't listen yet are left out. */
async function partsOf(workers: Workers): Promise<Parts> {
  const replies = (await workers.askAll(topics.parts, workerMs)) as (Parts | undefined)[];
  if (replies.length === 0) return { processes: false };
  const all = replies.flatMap((parts) => Object.entries(parts ?? { processes: false }));
  return Object.fromEntries(
    all.map(([name]) => [name, all.every(([other, isWell]) => other !== name || isWell)]),
  );
}

async function readiness(
  { hasStarted, workers }: { hasStarted: () => boolean; workers?: Workers | undefined },
  access: Access,
): Promise<AdminResponse> {
  const parts = await (workers?.haveBegun ? partsOf(workers) : readinessOf());
  const isReady = hasStarted() && Object.values(parts).every(Boolean);
  const status = isReady ? "SERVING" : "NOT_SERVING";
  return jsonResponse(isReady ? 200 : 503, access === "full" ? { status, parts } : { status });
}

function profilePage(
  profiler: ReturnType<typeof createProfiler>,
  kind: ProfileKind,
  workers: Workers | undefined,
): Page {
  return {
    isProbe: false,
    async respond({ query, signal }) {
      const seconds = Number(query.get("seconds") ?? secondsDefault);
      if (!(seconds > 0 && seconds <= secondsMax)) {
        return errorResponse(400, `seconds: must be a number above 0, up to ${secondsMax}`);
      }
      if (workers?.haveBegun) {
        const path = kind === "cpu" ? "/debug/profile" : "/debug/heap";
        const reply = await workers.askOne(`${path}?seconds=${seconds}`, seconds * 1000 + workerMs);
        return (reply as AdminResponse | undefined) ?? errorResponse(503, "no process answers");
      }
      const profile = await profiler(kind, seconds * 1000, signal);
      if (profile === undefined) return errorResponse(409, "a profile is being taken: one at a time");
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
