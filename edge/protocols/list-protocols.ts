import type { DescMethod } from "@bufbuild/protobuf";
import type { CallServices } from "../call/call-services.ts";
import type { ContentReads } from "../content/content-reads.ts";
import type { Route } from "../method/route.ts";
import type { Pages } from "../pages/page.ts";
import { pageAt } from "../pages/send-page.ts";
import { createRestHandler } from "../rest/handler.ts";
import { createRpcHandler } from "../rpc/handler.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createHealthProtocol } from "./health-protocol.ts";
import type { Protocol } from "./protocol.ts";
import { createRpcProtocols, unknownMethods } from "./rpc-protocols.ts";
import { createTusProtocol } from "./tus/tus-protocol.ts";

/** Makes further protocols from the services of the edge. */
export type CreateProtocols = (services: CallServices) => readonly Protocol[];

/** The protocols of the edge in the order in which they are asked; the last one claims every request. */
export function listProtocols(
  services: CallServices,
  options: {
    methods: readonly DescMethod[];
    routes: readonly Route[];
    upstreams: ReadonlyMap<string, Upstream>;
    pages: Pages;
    contentReads: ContentReads | undefined;
    createProtocols: CreateProtocols;
  },
): readonly Protocol[] {
  return [
    ...createRpcProtocols(createRpcHandler(options.methods, services)),
    createHealthProtocol(options.upstreams),
    createPagesProtocol(options.pages),
    createTusProtocol(services),
    ...options.createProtocols(services),
    unknownMethods(services.toError),
    {
      name: "rest",
      claims: () => true,
      handle: createRestHandler(options.routes, services, options.contentReads),
    },
  ];
}

const createPagesProtocol = (pages: Pages): Protocol => ({
  name: "page",
  claims: ({ path }) => pageAt(pages, path) !== undefined,
  async handle(exchange) {
    exchange.route = exchange.path;
    await pageAt(pages, exchange.path)?.(exchange);
  },
});
