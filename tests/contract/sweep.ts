import { randomUUID } from "node:crypto";
import { createRegistry, type DescMethod, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { createSigner, type Principal } from "../../services/lib/rpc/principal.ts";
import { accessOf, fullName, serviceMethods } from "../lib/contracts.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import type { Mesh } from "./mesh.ts";
import { aimsOf, isFilter, keyOf, requestOf, variantsOf } from "./naming.ts";
import type { Things } from "./things.ts";

export type Responses = Readonly<Record<string, Message | ConnectError>>;

/** A call of a method that names things, in one of its variants. */
export type Aim = { readonly method: DescMethod; readonly aims: readonly string[] };

export const methods = await serviceMethods();

/** Methods whose requests name something. */
export const aiming = methods.filter((method) => aimsOf(method).length > 0);

/** Rows of a table of tests: the method's full name, with the variant if there are several, and the aim. */
export function rowsOf(some: readonly DescMethod[]): [string, Aim][] {
  return some.flatMap((method) => {
    const variants = variantsOf(method);
    const nameOf = (aims: string[]) => (variants.length > 1 ? ` by ${aims.join(" and ")}` : "");
    return variants.map((aims): [string, Aim] => [`${fullName(method)}${nameOf(aims)}`, { method, aims }]);
  });
}

/** Names of the same kinds of things that never were. */
export const invented = (things: Things): Things =>
  Object.fromEntries(Object.keys(things).map((key) => [key, randomUUID()]));

export const answerOf = (mesh: Mesh, { method, aims }: Aim, who: Principal, named: Things) =>
  callAs(mesh, method, who, requestOf(method, named, aims));

/** Calls as the edge, or for internal methods as a process that may call. */
export async function callAs(mesh: Mesh, method: DescMethod, who: Principal, request: object) {
  const allowed = accessOf(method);
  const process = (allowed?.case === "internal" && allowed.value.callers[0]) || "edge";
  const signer = createSigner(process, meshKeys.privateKeys[process] ?? "");
  return mesh.call(method, request, await signer.assertionFor(who));
}

/** The failure of a call, without the names in it. */
export async function refusalOf(mesh: Mesh, { method, aims }: Aim, who: Principal, named: Things) {
  const error = await answerOf(mesh, { method, aims }, who, named).then(
    () => new ConnectError("the call succeeded"),
    (reason: unknown) => ConnectError.from(reason),
  );
  const names = aims.map((path) => named[keyOf(method, path)] ?? "");
  const said = [
    error.rawMessage,
    ...error.findDetails(ErrorInfoSchema).map((info) => toJsonString(ErrorInfoSchema, info)),
  ].join("\n");
  return { code: error.code, said: names.reduce((text, name) => text.replaceAll(name, "…"), said) };
}

/** Expects that a caller may make a call: it succeeds, or fails for another reason than who makes it. */
export async function expectAllowed(mesh: Mesh, aim: Aim, who: Principal, named: Things): Promise<void> {
  const code = await answerOf(mesh, aim, who, named).then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );
  expect([Code.NotFound, Code.PermissionDenied, Code.Unauthenticated]).not.toContain(code);
}

const ends = [/^(Delete|Revoke(?!FileUrls))/, /^(DeleteNamespace|DeleteUser|RevokeApiKey|DeleteCollection)$/];

/** Methods in an order in which calls of all of them, one after the other, find what they name. */
export function deletionsLast(some: readonly DescMethod[]): DescMethod[] {
  const rank = ({ name }: DescMethod) => ends.filter((end) => end.test(name)).length;
  return some.toSorted((left, right) => rank(left) - rank(right));
}

/** Methods that name a namespace, and a thing that they put or explain there. */
export const placing = (some: readonly DescMethod[]): DescMethod[] =>
  some.filter(
    (method) => !isFilter(method) && aimsOf(method).includes("namespace") && aimsOf(method).length > 1,
  );

/** The response or error of every reading method: about each thing, and of each list without a filter. */
export async function everythingThat(mesh: Mesh, who: Principal, things: Things): Promise<Responses> {
  const calls = methods.filter(readsFor).flatMap((method): [string, Aim][] => {
    const unaimed: [string, Aim][] = [[fullName(method), { method, aims: [] }]];
    if (aimsOf(method).length === 0) return unaimed;
    return [...rowsOf([method]), ...(isFilter(method) ? unaimed : [])];
  });
  const answers = calls.map(async ([name, aim]) => {
    const answer = await answerOf(mesh, aim, who, things).catch((error: unknown) => ConnectError.from(error));
    return [name, answer] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}

/** Whether a method reads what its principal may see. Other processes ask the rest on behalf of anybody. */
function readsFor(method: DescMethod): boolean {
  const allowed = accessOf(method);
  const isInternal = allowed?.case === "internal" && allowed.value.permission === "";
  return !isInternal && method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

const registry = createRegistry(HttpHeadSchema);

const schemaOf = (name: string) =>
  methods.find((method) => name.split(" ")[0] === fullName(method))?.output ?? expect.fail(name);

/** What changes by itself: signatures, counts of reads and what is kept of them, and what the processes take at the moment. */
const changing =
  /"url":"[^"]*"|,"(?:downloadCount|lastReadTime|memoryBytes|freeBytes)":"[^"]*"|,"busyProcessCount":\d+|"usedBytes":"\d+","entryCount":"\d+"/g;

/** Responses as text, without signed URLs, which differ each time, and numbers of downloads, which reading increases. */
export const comparable = (answers: Responses): string[] =>
  Object.entries(answers).map(([name, answer]) => {
    const isError = answer instanceof ConnectError;
    const text = isError ? answer.message : toJsonString(schemaOf(name), answer, { registry });
    return `${name} ${text.replaceAll(changing, "")}`;
  });

/** The things that successful responses contain. */
export function seenIn(answers: Responses, things: Things): string[] {
  const texts = Object.entries(answers).map(([name, answer]) =>
    answer instanceof ConnectError ? "" : Buffer.from(toBinary(schemaOf(name), answer)).toString(),
  );
  return Object.keys(things).filter((key) => texts.some((text) => text.includes(things[key] ?? "")));
}
