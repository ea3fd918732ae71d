import type { CallServices } from "../call/call-services.ts";
import type { ContentReads } from "../content/content-reads.ts";
import type { ChooseDialect } from "../dialects/choose-dialect.ts";
import type { CompatPort } from "../dialects/compat-settings.ts";
import type { Route } from "../method/route.ts";
import { routesOf } from "../method/routes-of.ts";
import { createRestHandler } from "../rest/handler.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createHealthProtocol } from "./health-protocol.ts";
import type { Protocol } from "./protocol.ts";

/** What is served at a port of its own. */
export type ServedPort = {
  readonly port: number;
  readonly dialectOf: ChooseDialect;
  readonly protocols: readonly Protocol[];
  readonly routes: readonly Route[];
};

/** The part of another system's API that has a port: REST alone, and the health checks whose paths the API leaves free. */
export function servePort(
  { port, dialect, services, natives }: CompatPort,
  callServices: CallServices,
  options: { upstreams: ReadonlyMap<string, Upstream>; contentReads: ContentReads | undefined },
): ServedPort {
  const methods = [...services.flatMap((service) => service.methods), ...natives];
  const routes = methods.flatMap(routesOf);
  const taken = new Set(routes.map(({ template }) => template.text));
  const health = createHealthProtocol(options.upstreams);
  return {
    port,
    dialectOf: () => dialect,
    routes,
    protocols: [
      { ...health, claims: (head) => health.claims(head) && !taken.has(head.path) },
      {
        name: "rest",
        claims: () => true,
        handle: createRestHandler(routes, callServices, options.contentReads),
      },
    ],
  };
}
