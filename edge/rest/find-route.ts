import { methodNotAllowed, pathUnknown } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import type { Route } from "../method/route.ts";
import { type Choice, choose, findAlternatives } from "./negotiate.ts";
import { createRouter } from "./router.ts";

/** The route of a request and the raw segments of its path; or the methods of the path, where those are asked for. */
type Found =
  | { readonly kind: "route"; readonly choice: Choice; readonly segments: readonly string[] }
  | { readonly kind: "options"; readonly allowed: string };

/** Finds the route of a request, and among those of its place the one with the representation that it accepts. */
export function createFindRoute(routes: readonly Route[]): (exchange: Exchange) => Found {
  const router = createRouter(routes);
  const alternatives = findAlternatives(routes);
  return (exchange) => {
    const { request, path, rawQuery } = exchange;
    const { method = "" } = request;
    const found = router.find(method === "HEAD" ? "GET" : method, path);
    if (found.kind === "nothing") throw pathUnknown();
    if (found.kind === "found") {
      const { route, segments } = found;
      const accept = headerOf(request, "accept");
      return {
        kind: "route",
        choice: choose(route, alternatives.get(route), { accept, rawQuery }),
        segments,
      };
    }
    const hasGet = found.allowed.includes("GET");
    const allowed = [...found.allowed, ...(hasGet ? ["HEAD"] : []), "OPTIONS"].sort();
    if (method !== "OPTIONS") throw methodNotAllowed(allowed);
    return { kind: "options", allowed: allowed.join(", ") };
  };
}
