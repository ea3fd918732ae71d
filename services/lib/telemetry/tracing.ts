import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type Tracer,
  trace,
} from "@opentelemetry/api";

/** Returns a service's tracer by name. */
export type TracerOf = (service: string) => Tracer;

// Global for the process, as in OpenTelemetry's API. Without tracing, this check is the only cost.
let tracerOf: TracerOf | undefined;

export const isTracing = (): boolean => tracerOf !== undefined;

/** Sets the tracers of the process; undefined turns tracing off. */
export function setTracers(tracers: TracerOf | undefined): void {
  tracerOf = tracers;
}

/** Starts a child span of `parent`; undefined without tracing. */
export function startSpan(
  service: string,
  name: string,
  options: SpanOptions,
  parent: Context = context.active(),
): Span | undefined {
  return tracerOf?.(service).startSpan(name, options, parent);
}

/** Runs `work` with `span` as the active span. */
export function withinSpan<T>(span: Span | undefined, work: () => T): T {
  return span ? context.with(trace.setSpan(context.active(), span), work) : work();
}

/** W3C trace context: both headers, or neither. */
export type TraceHeaders = {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
};

/** Context from the caller's headers; a new root without them. */
export const contextOf = (headers: TraceHeaders): Context => propagation.extract(ROOT_CONTEXT, headers);

/** Headers that propagate the current span; empty without tracing. */
export function currentTrace(span: Span | undefined = trace.getActiveSpan()): TraceHeaders {
  const headers: { traceparent?: string; tracestate?: string } = {};
  if (span) propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  return headers;
}
