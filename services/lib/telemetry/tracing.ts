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

/** A service's tracer, by the service's name. */
export type TracerOf = (service: string) => Tracer;

// A process traces or it does not, as OpenTelemetry's own API has it. Where it does not, this is all that is asked.
let tracerOf: TracerOf | undefined;

export const isTracing = (): boolean => tracerOf !== undefined;

/** Has spans made by these tracers from now on; by none without them. */
export function setTracers(tracers: TracerOf | undefined): void {
  tracerOf = tracers;
}

/** Begins a span of a service below `parent`; undefined where nothing is traced. */
export function startSpan(
  service: string,
  name: string,
  options: SpanOptions,
  parent: Context = context.active(),
): Span | undefined {
  return tracerOf?.(service).startSpan(name, options, parent);
}

/** Runs `work` so that the spans it makes are below `span`. */
export function withinSpan<T>(span: Span | undefined, work: () => T): T {
  return span ? context.with(trace.setSpan(context.active(), span), work) : work();
}

/** How W3C's trace context travels: both headers, or neither. */
export type TraceHeaders = {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
};

/** The context that a caller names; the root of a new trace where it names none. */
export const contextOf = (headers: TraceHeaders): Context => propagation.extract(ROOT_CONTEXT, headers);

/** How the current span is named to whoever is called; nothing where nothing is traced. */
export function currentTrace(span: Span | undefined = trace.getActiveSpan()): TraceHeaders {
  const headers: { traceparent?: string; tracestate?: string } = {};
  if (span) propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  return headers;
}
