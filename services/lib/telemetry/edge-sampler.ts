import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";

/**
 * Decides whether an external request is recorded. The client's sampled flag and trace id are ignored, because a
 * stranger could have every request recorded. A random share of the requests is recorded, up to a rate per second.
 */
export function createEdgeSampler(
  { ratio, perSecond }: { ratio: number; perSecond: number },
  { random, nowMs }: { random: () => number; nowMs: () => number } = { random: Math.random, nowMs: Date.now },
): Sampler {
  let left = perSecond;
  let filledMs = nowMs();
  const take = (): boolean => {
    const now = nowMs();
    left = Math.min(perSecond, left + (Math.max(0, now - filledMs) * perSecond) / 1000);
    filledMs = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
  return {
    shouldSample: () => ({
      decision:
        random() < ratio && take() ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => `EdgeSampler{${ratio}, ${perSecond}/s}`,
  };
}
