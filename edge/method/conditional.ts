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

/** How the answers of a route can be asked for again only if they have changed. */
export type Conditional = {
  /** What caches may do, where the contract does not say. */
  readonly cacheControl: string;
  /** Fields that lead to the etag of the resource that the answer is. */
  readonly revision: readonly DescField[];
};

/** What a tag says of the resource stands before, what it says of the text behind. */
const separator = "~";
const hashLength = 22;

/** What is known of a route's answers before there is one; undefined for those that have no entity tag. */
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
  // Files bring tags of their own.
  const isOwn = response.rawBody || headers.some(({ name }) => name === "if-none-match");
  if (!isRead || isOwn || (response.status ?? 200) !== 200 || response.cacheControl?.includes("no-store"))
    return undefined;
  return {
    cacheControl: access === "public" ? "no-cache" : "private, no-cache",
    revision: revisionOf(method.output),
  };
}

/** An answer that is one resource has the resource's etag. */
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
 * The entity tag of a JSON text. It is strong, so it names the coding as well; and a resource's revision stands in it, so
 * that If-Match takes it back.
 */
export function entityTagOf(
  { revision }: Conditional,
  answer: { desc: DescMessage; message: Message; text: string; coding: string | undefined },
): string {
  const { desc, message, text, coding } = answer;
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

/** The etag of a resource that an entity tag of ours, or a resource's own, stands for. */
export const revisionOfTag = (tag: string): string =>
  tag.replace(/^"(.*)"$/, "$1").replace(new RegExp(`${separator}[\\w-]{${hashLength}}(-[a-z]+)?$`), "");

/** Whether If-None-Match names the tag: `*` names any. The comparison is the weak one. */
export function isNamedBy(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const tags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return tags.includes(tag);
}
