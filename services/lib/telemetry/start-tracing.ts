import { setTimeout as sleep } from "node:timers/promises";
import { context, DiagLogLevel, diag, propagation, type Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import { createEdgeSampler } from "./edge-sampler.ts";
import type { Logger } from "./log.ts";
import type { TracingSettings } from "./settings.ts";
import { setTracers } from "./tracing.ts";
import { version } from "./version.ts";

/** Timeout of the last export at shutdown, in milliseconds. */
const leaveMs = 3_000;
/** Maximum length of attribute values, in characters. */
const valueLengthMax = 4_096;

/** Records and exports spans until disposed. Each service of the process is its own resource. */
export function startTracing(settings: TracingSettings, log: Logger): AsyncDisposable {
  const say = (message: string, ...rest: unknown[]) => log.warn({ rest }, `telemetry: ${message}`);
  const quiet = () => undefined;
  diag.setLogger(
    { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: settings.url }),
    scheduledDelayMillis: settings.sendEveryMs,
  });
  const found = defaultResource().merge(
    detectResources({ detectors: [resourceAttributesEnvDetector, serviceInstanceIdDetector] }),
  );
  const tracers = new Map<string, Tracer>();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  setTracers((service) => {
    const known = tracers.get(service);
    if (known) return known;
    const tracer = new TracerProvider({
      resource: found.merge(resourceOf(service)),
      sampler: samplerOf(service, settings),
      spanLimits: { attributeValueLengthLimit: valueLengthMax },
      spanProcessors: [processor],
    }).getTracer("sluice", version);
    tracers.set(service, tracer);
    return tracer;
  });
  return {
    async [Symbol.asyncDispose]() {
      setTracers(undefined);
      await Promise.race([processor.shutdown().catch(quiet), sleep(leaveMs, undefined, { ref: false })]);
      context.disable();
      propagation.disable();
      diag.disable();
    },
  };
}

const resourceOf = (service: string): Resource =>
  resourceFromAttributes({ [ATTR_SERVICE_NAME]: `sluice-${service}`, [ATTR_SERVICE_VERSION]: version });

function samplerOf(service: string, settings: TracingSettings): Sampler {
  const { ratio, followsParent, edgeTracesPerSecond } = settings;
  if (service === "edge") {
    const draw = createEdgeSampler({ ratio, perSecond: edgeTracesPerSecond });
    return new ParentBasedSampler({ root: draw, remoteParentSampled: draw, remoteParentNotSampled: draw });
  }
  const root = new TraceIdRatioBasedSampler(ratio);
  return followsParent ? new ParentBasedSampler({ root }) : root;
}
