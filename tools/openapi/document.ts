import type { DescMessage } from "@bufbuild/protobuf";
import type { Contract } from "../../edge/method/description.ts";
import type { Route } from "../../edge/method/route.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { errorSchema, sharedResponses } from "./failures.ts";
import { withFormats } from "./formats.ts";
import { type Operation, operationOf } from "./operation.ts";
import { createPaths, spellPath } from "./path.ts";
import { describe, type Schema } from "./schema.ts";
import { createSchemas } from "./schemas.ts";

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

const introduction = `Everything that can be called from outside, as REST. The same methods, by the names that their operations have
here, are there in Connect, gRPC and gRPC-Web, on the same port; [descriptors.binpb](/descriptors.binpb) describes them.

- A credential is an access token, \`Authorization: Bearer …\`, or an API key, \`x-api-key: …\`.
- JSON is that of proto3. Answers have camelCase names; requests may have those or the contract's own, as \`page_size\`. A field or
  parameter that is not known is refused.
- 64-bit integers are text in answers. Requests may have numbers up to 2^53.
- GET answers HEAD, too. OPTIONS answers which methods a path has.
- An error is a google.rpc.Status as JSON. Its \`ErrorInfo\` has the reason, its \`BadRequest\` the fields, its \`RequestInfo\` the id
  that the answer's \`x-request-id\` has, too.
- \`Grpc-Timeout\` or \`Connect-Timeout-Ms\` set a call's deadline.`;

const securitySchemes = {
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token, as a login answers it.",
  },
  apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "An API key." },
};

/** Describes every REST route of a contract. */
export function createDocument(contract: Contract, version: string): OpenApi {
  const { services, commentOf } = contract;
  const routes = services.flatMap(({ methods }) => methods).flatMap(routesOf);
  const schemas = createSchemas(commentOf, messagesIn(routes.map(({ method }) => method.output)));
  const placed = createPaths();
  const paths: Record<string, Record<string, Operation>> = {};
  const counts = new Map<string, number>();
  for (const route of routes) {
    const binding = (counts.get(route.name) ?? 0) + 1;
    counts.set(route.name, binding);
    const { path, parts } = placed(spellPath(route.template));
    paths[path] ??= {};
    const operation = operationOf({ route, binding, parts, contract, schemas });
    const shared = paths[path][methodKey(route)];
    paths[path][methodKey(route)] = shared ? withFormats(shared, operation, route) : operation;
  }
  const error = errorSchema(contract, schemas);
  return {
    openapi: "3.1.1",
    info: {
      title: "Sluice",
      version,
      description: introduction,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: services.map((service) => ({ name: service.typeName, ...describe(commentOf(service)) })),
    paths: sorted(paths),
    components: {
      securitySchemes,
      responses: sharedResponses(),
      schemas: { Error: error, ...schemas.components() },
    },
  };
}

const described = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** OpenAPI 3.1 has no place of its own for other methods. */
function methodKey({ httpMethod }: Route): string {
  const key = httpMethod.toLowerCase();
  return described.includes(key) ? key : `x-${key}`;
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Names of messages that answers hold, however deep. */
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
