import type { DescMessage } from "@bufbuild/protobuf";
import type { Contract } from "../../edge/method/description.ts";
import type { Route } from "../../edge/method/route.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { errorSchema, sharedResponses } from "./failures.ts";
import { withFormats } from "./formats.ts";
import { type Operation, operationOf } from "./operation.ts";
import { createPaths, writePath } from "./path.ts";
import { describe, type Schema } from "./schema.ts";
import { createSchemas } from "./schemas.ts";
import { ownStyle, type Style } from "./style.ts";

/** An OpenAPI 3.1 document. */
export type OpenApi = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
};

type PathItem = { readonly [httpMethod: string]: Operation };

/** Describes every REST route of a contract. */
export function createDocument(contract: Contract, version: string, style: Style = ownStyle): OpenApi {
  const { services, commentOf } = contract;
  const routes = services.flatMap(({ methods }) => methods).flatMap(routesOf);
  const schemas = createSchemas(commentOf, messagesIn(routes.map(({ method }) => method.output)), style);
  const placed = createPaths();
  const paths: Record<string, Record<string, Operation>> = {};
  const counts = new Map<string, number>();
  for (const route of routes) {
    const binding = (counts.get(route.name) ?? 0) + 1;
    counts.set(route.name, binding);
    const { path, parts } = placed(writePath(route.template));
    paths[path] ??= {};
    const operation = operationOf({ route, binding, parts, contract, schemas, style });
    const shared = paths[path][methodKey(route)];
    paths[path][methodKey(route)] = shared ? withFormats(shared, operation, route, style) : operation;
  }
  const error = style.error ?? errorSchema(contract, schemas);
  return {
    openapi: "3.1.1",
    info: {
      title: style.title,
      version,
      description: style.introduction,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: services.map((service) => ({ name: service.typeName, ...describe(commentOf(service)) })),
    paths: sorted(paths),
    components: {
      securitySchemes: style.securitySchemes,
      responses: responsesIn(paths, sharedResponses(style)),
      schemas: { Error: error, ...schemas.components() },
    },
  };
}

/** The shared responses that operations refer to. */
function responsesIn<T>(paths: unknown, responses: Readonly<Record<string, T>>): Record<string, T> {
  const text = JSON.stringify(paths);
  const isUsed = (name: string) => text.includes(`"#/components/responses/${name}"`);
  return Object.fromEntries(Object.entries(responses).filter(([name]) => isUsed(name)));
}

const described = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** OpenAPI 3.1 has no key for other methods. */
function methodKey({ httpMethod }: Route): string {
  const key = httpMethod.toLowerCase();
  return described.includes(key) ? key : `x-${key}`;
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Names of the messages in responses, at any depth. */
function messagesIn(roots: readonly DescMessage[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (desc: DescMessage): void => {
    if (names.has(desc.typeName)) return;
    names.add(desc.typeName);
    for (const { message } of desc.fields) if (message) visit(message);
  };
  for (const root of roots) visit(root);
  return names;
}
