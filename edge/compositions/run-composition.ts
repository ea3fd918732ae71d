import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { InnerCall, InnerResult } from "../batch/inner-calls.ts";
import { google } from "../dialects/google.ts";
import { jsonType } from "../http/send.ts";
import { fillTemplate, type Reference, referencesOf } from "./expression.ts";
import type { Composition, PlannedCall } from "./plan-composition.ts";

/** Parameters of a request, by their names. */
export type CompositionParameters = Readonly<Record<"path" | "query", ReadonlyMap<string, string>>>;

/** A result of a call. `isCause` tells its own failure from one that follows from another call's. */
type Outcome =
  | { readonly isOk: true; readonly json: JsonValue }
  | { readonly isOk: false; readonly isCause: boolean; readonly response: InnerResult };

/** The results of the calls by name; or the response of the call that failed the whole. */
export type Composed = { readonly results: JsonValue } | { readonly failure: InnerResult };

/** Makes the calls of a composition, each as soon as the results that it needs are there. */
export async function runComposition(
  { calls, includesErrors }: Composition,
  parameters: CompositionParameters,
  run: (call: InnerCall) => Promise<InnerResult>,
): Promise<Composed> {
  const started = new Map<string, Promise<Outcome>>();
  for (const [index, call] of calls.entries()) {
    started.set(call.name, startCall(call, { index, parameters, started, run }));
  }
  const outcomes = await Promise.all(
    calls.map(async ({ name }) => [name, (await started.get(name)) as Outcome] as const),
  );
  const failures = outcomes.flatMap(([name, outcome]) => (outcome.isOk ? [] : [{ name, ...outcome }]));
  const cause = failures.find(({ isCause }) => isCause);
  // A credential that is not valid is no answer to one of the calls.
  const refused =
    failures.find(({ response }) => response.status === 401) ?? (includesErrors ? undefined : cause);
  if (refused) return { failure: refused.response };
  const results = outcomes.flatMap(([name, outcome]) =>
    outcome.isOk ? [[name, outcome.json] as const] : [],
  );
  const errors = failures.map(
    ({ name, response: { status, body } }) => [name, { status, body: parsed(body) }] as const,
  );
  return {
    results: {
      ...Object.fromEntries(results),
      ...(includesErrors && { errors: Object.fromEntries(errors) }),
    },
  };
}

async function startCall(
  { name, path, needs }: PlannedCall,
  context: {
    readonly index: number;
    readonly parameters: CompositionParameters;
    readonly started: ReadonlyMap<string, Promise<Outcome>>;
    run(call: InnerCall): Promise<InnerResult>;
  },
): Promise<Outcome> {
  const results = new Map<string, JsonValue>();
  for (const need of needs) {
    const outcome = await context.started.get(need);
    if (!outcome?.isOk) return failed(false, `call ${name} was not made, because call ${need} failed`);
    results.set(need, outcome.json);
  }
  const readValue = (reference: Reference): string | undefined =>
    reference.from === "calls"
      ? textAt(results.get(reference.name), reference.keys)
      : context.parameters[reference.from].get(reference.name);
  const inPath = referencesOf({ ...path, query: [] });
  const missing = inPath.find((reference) => !readValue(reference));
  if (missing) return failed(true, `call ${name} was not made, because ${describe(missing)} has no value`);
  const response = await context.run({
    method: "GET",
    path: fillTemplate(path, readValue),
    headers: { accept: jsonType },
    body: undefined,
    index: context.index,
  });
  if (response.status < 200 || response.status > 299) return { isOk: false, isCause: true, response };
  return { isOk: true, json: parsed(response.body) };
}

const describe = (reference: Reference): string =>
  [reference.from, reference.name, ...(reference.from === "calls" ? reference.keys : [])].join(".");

function failed(isCause: boolean, message: string): Outcome {
  const error = new ConnectError(message, Code.FailedPrecondition);
  const { status, headers, contentType, body } = google.encodeError(error);
  return {
    isOk: false,
    isCause,
    response: { status, headers: { "content-type": contentType, ...headers }, body },
  };
}

/** The text of a value in a result; undefined if it is missing, null, a list or an object. */
function textAt(json: JsonValue | undefined, keys: readonly string[]): string | undefined {
  let at: unknown = json;
  for (const key of keys) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return ["string", "number", "boolean"].includes(typeof at) ? String(at) : undefined;
}

function parsed(body: string): JsonValue {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
