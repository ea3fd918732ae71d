import { methodNotAllowed } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import { sendWhole } from "../http/send.ts";
import { type Page, type Pages, revalidated } from "./page.ts";

const allowed = ["GET", "HEAD", "OPTIONS"] as const;

/** Answers a request for a page. */
type SendPage = (exchange: Exchange) => Promise<void>;

/** What answers for a path: with a page, or with the way to the one whose path has no slash at its end. */
export function pageAt(pages: Pages, path: string): SendPage | undefined {
  const load = pages.get(path);
  if (load) return (exchange) => sendPage(exchange, load);
  const isNear = path.endsWith("/") && pages.has(path.slice(0, -1));
  return isNear ? async (exchange) => sendMoved(exchange) : undefined;
}

/** 200 or 304 to GET and HEAD, the methods to OPTIONS, 405 to any other. */
async function sendPage(exchange: Exchange, load: () => Promise<Page>): Promise<void> {
  if (!isReading(exchange)) return;
  const { headers, etag, body } = await load();
  const isHeld = isAmong(etag, headerOf(exchange.request, "if-none-match"));
  sendWhole(exchange, isHeld ? 304 : 200, { ...headers, etag }, body);
}

/** The page is not answered there, since the links in it would lead astray. */
function sendMoved(exchange: Exchange): void {
  if (!isReading(exchange)) return;
  const { path, rawQuery } = exchange;
  const name = path.split("/").at(-2);
  const query = rawQuery && `?${rawQuery}`;
  // Relative, so that it holds behind a proxy that has the edge below a path of its own.
  sendWhole(exchange, 308, { ...revalidated, location: `../${name}${query}` }, "");
}

/** Whether it is GET or HEAD; OPTIONS is answered. */
function isReading(exchange: Exchange): boolean {
  const { method = "" } = exchange.request;
  if (method === "GET" || method === "HEAD") return true;
  if (method !== "OPTIONS") throw methodNotAllowed(allowed);
  sendWhole(exchange, 204, { allow: allowed.join(", ") }, "");
  return false;
}

/** Whether an If-None-Match header names an entity tag; weak tags count as the strong ones, as HTTP has it. */
function isAmong(etag: string, header: string | undefined): boolean {
  const tags = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
