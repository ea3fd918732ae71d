import { methodNotAllowed, pathUnknown } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import type { Route } from "../method/route.ts";
import { type Choice, choose, findAlternatives } from "./negotiate.ts";
import { createRouter } from "./router.ts";

/**
 * The route of a request and the raw segments of its path; or the methods of the path, where those are asked for; or a
 * relative location, where the dialect redirects to the path with or without a slash at its end.
 */
type Found =
  | { readonly kind: "route"; readonly choice: Choice; readonly segments: readonly string[] }
  | { readonly kind: "options"; readonly allowed: string }
  | { readonly kind: "redirect"; readonly location: string };

/** Finds the route of a request; among alternatives, the one with the representation that the caller prefers. */
export function createFindRoute(routes: readonly Route[]): (exchange: Exchange) => Found {
  const router = createRouter(routes);
  const alternatives = findAlternatives(routes);
  return (exchange) => {
    const { request, path, rawQuery } = exchange;
    const { method = "" } = request;
    const found = router.find(method === "HEAD" ? "GET" : method, path);
    if (found.kind === "nothing") return redirectOf(exchange, (other) => router.find(method, other).kind);
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

/** The redirect of a path that is unknown to the one that differs by a slash. Throws if there is none. */
function redirectOf({ dialect, path, rawQuery }: Exchange, find: (path: string) => string): Found {
  if (!dialect.redirectsSlashes) throw pathUnknown();
  const other = otherSlash(path);
  if (find(other.path) === "nothing") throw pathUnknown();
  return { kind: "redirect", location: other.reference + (rawQuery && `?${rawQuery}`) };
}

/** The path with a slash at its end, or without the one that it has, and a relative reference from here to there. */
function otherSlash(path: string): { path: string; reference: string } {
  const segments = path.split("/");
  const last = segments.at(-1) || segments.at(-2) || "";
  // Relative, for proxies that serve the edge below a path. The dot keeps a colon from ending a scheme.
  return path.endsWith("/")
    ? { path: path.slice(0, -1), reference: `../${last}` }
    : { path: `${path}/`, reference: `./${last}/` };
}
