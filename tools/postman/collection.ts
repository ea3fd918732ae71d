import type { OpenApi } from "../openapi/document.ts";

/** A request of a Postman collection, format 2.1. */
type Item = {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly header: readonly { readonly key: string; readonly value: string }[];
    readonly auth: { readonly type: string; readonly bearer?: readonly Variable[] };
    readonly url: {
      readonly raw: string;
      readonly host: readonly string[];
      readonly path: readonly string[];
    };
    readonly body?: { readonly mode: "raw"; readonly raw: string };
  };
  readonly event: readonly { listen: "test"; script: { type: "text/javascript"; exec: readonly string[] } }[];
};
type Variable = { readonly key: string; readonly value: string; readonly type: "string" };

export type Collection = {
  readonly info: { readonly name: string; readonly description: string; readonly schema: string };
  readonly variable: readonly Variable[];
  readonly item: readonly Item[];
};

/** What a collection needs to know of an API beside its document. */
export type Recipe = {
  /** Variables of the collection with their first values. */
  readonly variables: Readonly<Record<string, string>>;
  /** Requests in the order in which they run, by operation; each may have values for fields of its body. */
  readonly steps: readonly Step[];
};

type Step = {
  readonly operation: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Variable with the token of the request. */
  readonly token?: string;
  /** Variables for the parameters of the path. */
  readonly path?: Readonly<Record<string, string>>;
  /** Variables that fields of the response set. */
  readonly sets?: Readonly<Record<string, string>>;
};

type Operation = { readonly operationId: string; readonly responses: Readonly<Record<string, unknown>> };

/** Writes the collection of an API: a request for each step, with a test of its status. */
export function createCollection(document: OpenApi, recipe: Recipe): Collection {
  const { title, description } = document.info as { title: string; description: string };
  return {
    info: {
      name: title,
      description,
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    variable: Object.entries(recipe.variables).map(([key, value]) => ({ key, value, type: "string" })),
    item: recipe.steps.map((step) => itemOf(document, step)),
  };
}

function itemOf(document: OpenApi, step: Step): Item {
  const { method, path, operation } = operationOf(document, step.operation);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `{{${step.path?.[name] ?? name}}}`);
  return {
    name: `${method} ${path}`,
    request: {
      method,
      header: step.body ? [{ key: "Content-Type", value: "application/json" }] : [],
      auth: step.token
        ? { type: "bearer", bearer: [{ key: "token", value: `{{${step.token}}}`, type: "string" }] }
        : { type: "noauth" },
      url: {
        raw: `{{base_url}}${filled}`,
        host: ["{{base_url}}"],
        path: filled.slice(1).split("/"),
      },
      ...(step.body && { body: { mode: "raw", raw: JSON.stringify(step.body, null, 2) } }),
    },
    event: [{ listen: "test", script: { type: "text/javascript", exec: testOf(operation, step) } }],
  };
}

function testOf({ responses }: Operation, { sets = {} }: Step): string[] {
  const status = Object.keys(responses).find((text) => text.startsWith("2")) ?? "200";
  const assignments = Object.entries(sets).map(
    ([variable, field]) =>
      `pm.collectionVariables.set(${JSON.stringify(variable)}, pm.response.json()[${JSON.stringify(field)}]);`,
  );
  return [`pm.test("the status is ${status}", () => pm.response.to.have.status(${status}));`, ...assignments];
}

function operationOf({ paths }: OpenApi, operationId: string) {
  for (const [path, item] of Object.entries(paths))
    for (const [method, operation] of Object.entries(item))
      if (operation.operationId === operationId) return { method: method.toUpperCase(), path, operation };
  throw new Error(`the document has no operation ${operationId}`);
}
