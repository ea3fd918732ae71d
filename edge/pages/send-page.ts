import { methodNotAllowed } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { sendWhole } from "../http/send.ts";
import { type Page, type Pages, revalidated } from "./page.ts";

const allowed = ["GET", "HEAD", "OPTIONS"] as const;

type SendPage = (exchange: Exchange) => Promise<void>;

/** Finds the page of a path. With a slash at the end, it redirects to the page without. */
export function pageAt(pages: Pages, path: string): SendPage | undefined {
  const load = pages.get(path);
  if (load) return (exchange) => sendPage(exchange, load);
  const isNear = path.endsWith("/") && pages.has(path.slice(0, -1));
  return isNear ? async (exchange) => sendMoved(exchange) : undefined;
}

/** 200 or 304 to GET and HEAD, the methods to OPTIONS, 405 to any other. */
async function sendPage(exchange: Exchange, load: () => Promise<Page>): Promise<void> {
  if (!isRead(exchange)) return;
  const { headers, etag, body } = await load();
  const isCached = isAmong(etag, headerOf(exchange.request, "if-none-match"));
  sendWhole(exchange, isCached ? 304 : 200, { ...headers, etag }, body);
}

/** Redirects: the page's relative links would not work at this path. */
function sendMoved(exchange: Exchange): void {
  if (!isRead(exchange)) return;
  const { path, rawQuery } = exchange;
  const name = path.split("/").at(-2);
  const query = rawQuery && `?${rawQuery}`;
  // Relative, for proxies that serve the edge below a path.
  sendWhole(exchange, 308, { ...revalidated, location: `../${name}${query}` }, "");
}

/** Whether the method is GET or HEAD. Responds to OPTIONS, and throws for others. */
function isRead(exchange: Exchange): boolean {
  const { method = "" } = exchange.request;
  if (method === "GET" || method === "HEAD") return true;
  if (method !== "OPTIONS") throw methodNotAllowed(allowed);
  sendWhole(exchange, 204, { allow: allowed.join(", ") }, "");
  return false;
}

/** Whether If-None-Match has an entity tag, by weak comparison. */
function isAmong(etag: string, header: string | undefined): boolean {
  const tags = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
