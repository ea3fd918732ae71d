import type { Exchange } from "../exchange.ts";
import { headerOf } from "../http.ts";
import { methodNotAllowed } from "../rest/http-error.ts";
import { type Outgoing, sendWhole } from "../rest/outgoing.ts";
import type { Page } from "./page.ts";

const allowed = ["GET", "HEAD", "OPTIONS"] as const;

/** Answers a request for a page: 200 or 304 to GET and HEAD, the methods to OPTIONS, 405 to any other. */
export async function sendPage(exchange: Exchange, out: Outgoing, load: () => Promise<Page>): Promise<void> {
  const { request } = exchange;
  const method = request.method ?? "";
  if (method === "OPTIONS") {
    sendWhole(out, 204, { allow: allowed.join(", ") }, "");
    return;
  }
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed(allowed);
  const { headers, etag, body } = await load();
  const isHeld = isAmong(etag, headerOf(request, "if-none-match"));
  sendWhole(out, isHeld ? 304 : 200, { ...headers, etag }, body);
}

/** Whether an If-None-Match header names an entity tag; weak tags count as the strong ones, as HTTP has it. */
function isAmong(etag: string, header: string | undefined): boolean {
  const tags = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
