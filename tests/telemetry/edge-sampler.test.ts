import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { createEdgeSampler } from "../../services/lib/telemetry/edge-sampler.ts";

/** A sampler whose random numbers and clock the test sets. */
function sampler(options: { ratio: number; perSecond: number }) {
  const turned = { draw: 0, nowMs: 0 };
  const { shouldSample } = createEdgeSampler(options, {
    random: () => turned.draw,
    nowMs: () => turned.nowMs,
  });
  const isSampled = (): boolean =>
    (shouldSample as () => { decision: SamplingDecision })().decision === SamplingDecision.RECORD_AND_SAMPLED;
  const sampledOf = (count: number): number =>
    Array.from({ length: count }, isSampled).filter(Boolean).length;
  return { turned, sampledOf };
}

test("OK: the share is drawn", () => {
  const { turned, sampledOf } = sampler({ ratio: 0.25, perSecond: 100 });
  turned.draw = 0.24;
  expect(sampledOf(10)).toBe(10);
  turned.draw = 0.25;
  expect(sampledOf(10)).toBe(0);
});

test("OK: so many in a second, and what was not used does not add up", () => {
  const { turned, sampledOf } = sampler({ ratio: 1, perSecond: 5 });
  expect(sampledOf(10)).toBe(5);
  turned.nowMs += 400;
  expect(sampledOf(10)).toBe(2);
  turned.nowMs += 3_600_000;
  expect(sampledOf(10)).toBe(5);
});

test("OK: a clock that is set back takes nothing away for good", () => {
  const { turned, sampledOf } = sampler({ ratio: 1, perSecond: 5 });
  turned.nowMs = 10_000;
  expect(sampledOf(10)).toBe(5);
  turned.nowMs = 0;
  expect(sampledOf(10)).toBe(0);
  turned.nowMs = 1_000;
  expect(sampledOf(10)).toBe(5);
});

test("OK: none at all for nothing a second", () => {
  expect(sampler({ ratio: 1, perSecond: 0 }).sampledOf(10)).toBe(0);
});
