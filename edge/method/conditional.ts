import { hash } from "node:crypto";
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { EdgeAccess } from "./access.ts";

/** Entity tags of the responses of a route, for conditional requests. */
export type Conditional = {
  /** Cache-Control where the contract has none. */
  readonly cacheControl: string;
  /** Path to the etag field of the resource, if the response is one. */
  readonly revision: readonly DescField[];
};

/** Separates the revision of the resource from the hash of the text. */
const separator = "~";
const hashLength = 22;

/** Undefined for routes whose responses have no entity tag. */
export function conditionalOf(route: {
  method: DescMethod;
  access: EdgeAccess;
  httpMethod: string;
  headers: readonly { readonly name: string }[];
  response: {
    readonly status: number | undefined;
    readonly cacheControl: string | undefined;
    readonly rawBody: boolean;
  };
}): Conditional | undefined {
  const { method, access, httpMethod, headers, response } = route;
  const isRead =
    httpMethod === "GET" &&
    method.methodKind === "unary" &&
    method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  // Services make the tags of files.
  const isOwn = response.rawBody || headers.some(({ name }) => name === "if-none-match");
  if (!isRead || isOwn || (response.status ?? 200) !== 200 || response.cacheControl?.includes("no-store"))
    return undefined;
  return {
    cacheControl: access === "public" ? "no-cache" : "private, no-cache",
    revision: revisionOf(method.output),
  };
}

/** A response with one resource has the etag of the resource. */
function revisionOf(output: DescMessage): readonly DescField[] {
  const own = etagOf(output);
  if (own) return [own];
  const [only, ...others] = output.fields;
  const inner = only?.fieldKind === "message" && others.length === 0 ? etagOf(only.message) : undefined;
  return only && inner ? [only, inner] : [];
}

const etagOf = (desc: DescMessage): DescField | undefined =>
  desc.fields.find(
    (field) => field.name === "etag" && field.fieldKind === "scalar" && field.scalar === ScalarType.STRING,
  );

/**
 * The entity tag of a JSON text. A strong tag includes the content coding. The revision of a resource is part of it, so that
 * If-Match accepts it.
 */
export function entityTagOf(
  { revision }: Conditional,
  response: { desc: DescMessage; message: Message; text: string; coding: string | undefined },
): string {
  const { desc, message, text, coding } = response;
  const revisionText = textAt(desc, message, revision);
  const before = /^[\w.:-]+$/.test(revisionText) ? `${revisionText}${separator}` : "";
  const behind = coding === undefined ? "" : `-${coding}`;
  return `"${before}${hash("sha256", text, "base64url").slice(0, hashLength)}${behind}"`;
}

function textAt(desc: DescMessage, message: Message, path: readonly DescField[]): string {
  let at: unknown = reflect(desc, message);
  for (const field of path) at = isReflectMessage(at) && at.isSet(field) ? at.get(field) : "";
  return typeof at === "string" ? at : "";
}

/** The etag of the resource in an entity tag of the edge, or in the resource's own. */
export const revisionOfTag = (tag: string): string =>
  tag.replace(/^"(.*)"$/, "$1").replace(new RegExp(`${separator}[\\w-]{${hashLength}}(-[a-z]+)?$`), "");

/** Whether If-None-Match has the tag, by weak comparison; `*` matches any. */
export function isNamedBy(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const tags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return tags.includes(tag);
}
