import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { rest } from "../../gen/sluice/common/v1/options_pb.ts";
import { accessOf } from "./access.ts";
import { planRoute, type Route } from "./route.ts";
import { checkRoute } from "./route-rules.ts";

/**
 * Plans and checks one HTTP binding.
 * @internal Exported for tests of bindings that no contract has.
 */
export function toRoute(...binding: Parameters<typeof planRoute>): Route {
  const route = planRoute(...binding);
  checkRoute(route, binding[2]);
  return route;
}

/** The REST routes of a method: none if it is internal or unbound. Throws for a binding that can't work. */
export function routesOf(method: DescMethod): Route[] {
  const access = accessOf(method);
  if (access === "internal" || !hasOption(method, http)) return [];
  const rule = getOption(method, http);
  const options = hasOption(method, rest) ? getOption(method, rest) : undefined;
  return [rule, ...rule.additionalBindings].map((binding) => toRoute(method, access, binding, options));
}

/** Names of the request headers that set fields. */
export const boundHeadersOf = (services: readonly DescService[]): string[] =>
  services.flatMap(({ methods }) =>
    methods.flatMap(routesOf).flatMap(({ headers }) => headers.map(({ name }) => name)),
  );
