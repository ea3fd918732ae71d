import type { Span } from "@opentelemetry/api";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { isMeasuring } from "../../services/lib/telemetry/metrics.ts";
import { nameOf } from "../../services/lib/telemetry/observe-call.ts";
import { withinSpan } from "../../services/lib/telemetry/tracing.ts";
import { type ByteCount, countBytes } from "../http/count-bytes.ts";
import type { Exchange } from "../http/exchange.ts";
import { logAccess } from "./access-log.ts";
import { edgeMetrics } from "./edge-metrics.ts";
import { outcomeOf } from "./outcome.ts";
import { endRequestSpan, startRequestSpan } from "./request-span.ts";

/** Runs `work`, and records the request in the log, the metrics and a span, if they are enabled. */
export function observeExchange(exchange: Exchange, log: Logger, work: () => void): void {
  const span = startRequestSpan(exchange);
  const isLogging = log.isLevelEnabled("info");
  const isCounting = isMeasuring();
  if (!span && !isLogging && !isCounting) {
    work();
    return;
  }
  const bytes = countBytes(exchange.request, exchange.response);
  if (isCounting) edgeMetrics.inFlight.inc();
  exchange.response.once("close", () => {
    const code = outcomeOf(exchange);
    if (span) endRequestSpan(span, exchange, code);
    if (isCounting) count(exchange, code, bytes);
    if (isLogging) logAccess(exchange, { code, bytes, traceId: traceIdOf(exchange, span) }, log);
  });
  withinSpan(span, work);
}

const traceIdOf = ({ traceparent }: Exchange, span: Span | undefined): string | undefined =>
  span?.spanContext().traceId ?? traceparent?.split("-")[1];

function count(exchange: Exchange, code: string, { received, sent }: ByteCount): void {
  const { method, protocol } = exchange;
  const labels = { method: method ? nameOf(method) : "unknown", protocol };
  edgeMetrics.inFlight.dec();
  edgeMetrics.requests.inc({ ...labels, code });
  edgeMetrics.seconds.observe(labels, (Date.now() - exchange.startMs) / 1000);
  edgeMetrics.received.inc(labels, received);
  edgeMetrics.sent.inc(labels, sent);
}
