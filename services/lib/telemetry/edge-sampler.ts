import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";

/**
 * Decides whether a request from outside is recorded. A caller's flag and trace id say nothing: a stranger may choose
 * both, to have every request recorded or none. So a share of the requests is drawn, up to so many in a second.
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
