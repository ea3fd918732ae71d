import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { contextOf, currentTrace, isTracing, startSpan, withinSpan } from "./tracing.ts";

/** Field of a job's data with the trace context of the call that enqueued it. */
const traceKey = "$traceparent";

/** Adds the current trace context, if any, to a job's data. */
export function withTrace(data: object): object {
  if (!isTracing()) return data;
  const { traceparent } = currentTrace();
  return traceparent ? { ...data, [traceKey]: traceparent } : data;
}

/** The job's data without the trace context. */
export function withoutTrace<Data extends object>(data: Data): Data {
  if (!(traceKey in data)) return data;
  const { [traceKey]: _trace, ...rest } = data;
  return rest as Data;
}

/** Runs a job in its own trace, linked to the enqueuing span: it may take days and be retried. */
export async function observeJob<T>(
  { service, queue, data }: { service: string; queue: string; data: object },
  work: () => Promise<T>,
): Promise<T> {
  if (!isTracing()) return work();
  const span = startSpan(
    service,
    `process ${queue}`,
    {
      kind: SpanKind.CONSUMER,
      links: linksTo(data),
      attributes: {
        "messaging.system": "pg-boss",
        "messaging.operation.type": "process",
        "messaging.destination.name": queue,
      },
    },
    ROOT_CONTEXT,
  );
  try {
    return await withinSpan(span, work);
  } catch (error) {
    span?.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    (span as Span | undefined)?.end();
  }
}

function linksTo(data: object) {
  const { [traceKey]: traceparent } = data as { [traceKey]?: unknown };
  if (typeof traceparent !== "string") return [];
  const context = trace.getSpanContext(contextOf({ traceparent }));
  return context ? [{ context }] : [];
}
