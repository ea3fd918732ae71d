import { summaryOf } from "../../edge/method/comments.ts";
import type { Contract } from "../../edge/method/description.ts";
import type { Route } from "../../edge/method/route.ts";
import { type BodyObject, bodyOf } from "./body.ts";
import { failuresOf } from "./failures.ts";
import { type ParameterObject, parametersOf } from "./parameters.ts";
import type { PathPart } from "./path.ts";
import { permissionOf } from "./permission.ts";
import { successesOf } from "./responses.ts";
import { describe } from "./schema.ts";
import type { Schemas } from "./schemas.ts";
import type { Style } from "./style.ts";

/** An OpenAPI operation. */
export type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: BodyObject;
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly [more: string]: unknown;
};

/** Describes one route. `binding` counts those of a method from 1. */
export function operationOf({
  route,
  binding,
  parts,
  contract,
  schemas,
  style,
}: {
  route: Route;
  binding: number;
  parts: readonly PathPart[];
  contract: Contract;
  schemas: Schemas;
  style: Style;
}): Operation {
  const { method, name } = route;
  const { commentOf } = contract;
  const context = { schemas, commentOf };
  const comment = commentOf(method);
  const parameters = parametersOf(route, parts, context);
  const requestBody = bodyOf(route, context);
  const { security, words } = securityOf(route, style);
  return {
    // The full name of the method is unique for good.
    operationId: binding === 1 ? name : `${name}.${binding}`,
    tags: [method.parent.typeName],
    summary: summaryOf(comment) || method.name,
    ...describe(comment, words),
    ...(method.proto.options?.deprecated && { deprecated: true }),
    security,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: {
      ...successesOf(route, schemas, commentOf(method.output), style),
      ...failuresOf(route, contract, style),
    },
  };
}

/** The credentials of a method, each with the permission that it needs. */
function securityOf(
  { access, method, headers }: Route,
  { securitySchemes }: Style,
): { security: Operation["security"]; words: string } {
  if (headers.some(({ name }) => name === "authorization"))
    return {
      security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })),
      words: "Needs a token in the header Authorization.",
    };
  if (access === "public") return { security: [], words: "Needs no credential." };
  if (access === "optional") {
    const schemes = Object.keys(securitySchemes).map((name) => ({ [name]: [] }));
    return { security: [{}, ...schemes], words: "Works without a credential, and with one on its behalf." };
  }
  const permission = permissionOf(method);
  const permissions = permission === undefined ? [] : [permission];
  return {
    security: Object.keys(securitySchemes).map((name) => ({ [name]: permissions })),
    words: permission === undefined ? "Needs a credential." : `Needs the permission \`${permission}\`.`,
  };
}
