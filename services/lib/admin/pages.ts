import { registry } from "../telemetry/metrics.ts";
import type { Access } from "./admin-access.ts";
import { type Answer, jsonAnswer, refusal } from "./answer.ts";
import { createProfiler, type ProfileKind } from "./profile.ts";
import { readinessOf } from "./readiness.ts";

type Asked = { readonly query: URLSearchParams; readonly access: Access; readonly gone: AbortSignal };

export type Page = {
  /** Whether it answers without a token, since it says nothing but that all is well or not. */
  readonly isProbe: boolean;
  answer(asked: Asked): Promise<Answer> | Answer;
};

const secondsDefault = 10;
const secondsMax = 60;

/** The pages of the admin port, by their paths. */
export function adminPages(options: {
  hasStarted: () => boolean;
  profiling: boolean;
}): Readonly<Record<string, Page | undefined>> {
  const pages: Record<string, Page | undefined> = {
    __proto__: null as never,
    "/metrics": {
      isProbe: false,
      answer: async () => ({
        status: 200,
        headers: { "content-type": registry.contentType },
        body: await registry.metrics(),
      }),
    },
    "/healthz": { isProbe: true, answer: () => jsonAnswer(200, { status: "SERVING" }) },
    "/readyz": { isProbe: true, answer: ({ access }) => readiness(options.hasStarted(), access) },
  };
  if (options.profiling) {
    const profiler = createProfiler();
    pages["/debug/profile"] = profilePage(profiler, "cpu");
    pages["/debug/heap"] = profilePage(profiler, "heap");
  }
  return pages;
}

async function readiness(hasStarted: boolean, access: Access): Promise<Answer> {
  const parts = await readinessOf();
  const isReady = hasStarted && Object.values(parts).every(Boolean);
  const status = isReady ? "SERVING" : "NOT_SERVING";
  return jsonAnswer(isReady ? 200 : 503, access === "full" ? { status, parts } : { status });
}

function profilePage(profiler: ReturnType<typeof createProfiler>, kind: ProfileKind): Page {
  return {
    isProbe: false,
    async answer({ query, gone }) {
      const seconds = Number(query.get("seconds") ?? secondsDefault);
      if (!(seconds > 0 && seconds <= secondsMax)) {
        return refusal(400, `seconds: must be a number above 0, up to ${secondsMax}`);
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
