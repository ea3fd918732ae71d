import type { OpenApi } from "../../tools/openapi/document.ts";
import type { Operation } from "../../tools/openapi/operation.ts";

/** One operation of an OpenAPI document and its place in it. */
export type Described = {
  readonly path: string;
  /** The HTTP method, as the path item names it. */
  readonly key: string;
  readonly operation: Operation;
};

export const httpMethodOf = ({ key }: Pick<Described, "key">): string => key.replace(/^x-/, "").toUpperCase();

export function operationsIn({ paths }: OpenApi): Described[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([key, operation]) => ({ path, key, operation })),
  );
}

/** Calls an operation with the information of the document only. */
export function callOf(origin: string, described: Described): [url: string, init: RequestInit] {
  const { path, operation } = described;
  const parameters = operation.parameters ?? [];
  const given = (place: string) =>
    parameters
      .filter((one) => one.in === place && one.example !== undefined)
      .map((one) => [one.name, String(one.example)] as const);
  const filledPath = given("path").reduce(
    (text, [name, value]) => text.replaceAll(`{${name}}`, encodeURIComponent(value)),
    path,
  );
  const url = new URL(filledPath, origin);
  for (const [name, value] of given("query")) url.searchParams.append(name, value);
  const headers = operation.security.length > 0 ? { authorization: "Bearer any" } : {};
  return [url.href, { method: httpMethodOf(described), ...bodyOf(operation, headers) }];
}

function bodyOf({ requestBody }: Operation, headers: Record<string, string>): RequestInit {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (type === undefined) return { headers };
  if (type === "multipart/form-data") {
    const form = new FormData();
    form.append("file", new Blob(["a,b\n1,2\n"], { type: "text/csv" }), "example.csv");
    return { headers, body: form };
  }
  if (type === "*/*") return { headers: { ...headers, "content-type": "text/plain" }, body: "bytes" };
  const example = content?.example;
  const body = typeof example === "string" ? example : JSON.stringify(example);
  return { headers: { ...headers, "content-type": type }, body };
}

/** The status of a successful response. */
export const successOf = ({ operation }: Pick<Described, "operation">): number =>
  Number(Object.keys(operation.responses).find((status) => status.startsWith("2")));
