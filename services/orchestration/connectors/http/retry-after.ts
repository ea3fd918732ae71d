import type { IncomingHttpHeaders } from "node:http";

/** How long a response asks to wait before the next request, in milliseconds; undefined if it doesn't. */
export function waitOf(status: number, headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const asked = retryAfter(headers["retry-after"], nowMs);
  if (status === 429 || status === 503) return asked ?? resetOf(headers, nowMs);
  return isUsedUp(headers) ? resetOf(headers, nowMs) : undefined;
}

/** Retry-After: seconds, or a date. */
function retryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value =
    headers[`ratelimit-${name}`] ?? headers[`x-ratelimit-${name}`] ?? headers[`x-rate-limit-${name}`];
  return typeof value === "string" ? value : undefined;
};

/** Whether no requests are left until the limit is reset. */
const isUsedUp = (headers: IncomingHttpHeaders): boolean => headerOf(headers, "remaining")?.trim() === "0";

/** Numbers above are times in seconds since 1970, all others are seconds from now. */
const secondsMax = 30 * 24 * 3600;

function resetOf(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const text = headerOf(headers, "reset")?.trim() ?? "";
  if (!/^\d{1,12}(\.\d{1,9})?$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds > secondsMax ? Math.max(0, seconds * 1000 - nowMs) : seconds * 1000;
}
