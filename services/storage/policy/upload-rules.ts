import type { Db } from "../../lib/database/database.ts";
import { defaultNamespace } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type ContentStart, canBe, createContentStart } from "../detect-type.ts";
import { contentTooLarge, contentTypeRefused, typeRefused } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { essenceOf, mediaTypeOf } from "../media-type.ts";
import { findPolicy } from "./upload-policy-repository.ts";

/** What may be uploaded to a namespace. */
export type UploadRules = {
  /** Largest file, in bytes. */
  readonly fileBytesMax: number;
  /** Throws contentTooLarge if the size is known and too large, typeRefused for a type that is not allowed. */
  requireAllowed(file: NamedType, sizeBytes: number | undefined): void;
  /** Throws typeRefused if the content looks like a type that is not allowed. */
  requireContent(file: NamedType, detected: string): void;
  /** The same for content that is stored already. One that looks like nothing known is what it is said to be. */
  requireStored(file: StoredType): void;
};

/** What an uploader says about a file: without a media type, the extension of the name decides. */
type NamedType = { readonly name: string; readonly contentType: string };

type StoredType = NamedType & { readonly sizeBytes: number; readonly detectedContentType: string };

const saidType = ({ name, contentType }: NamedType): string => essenceOf(contentType || mediaTypeOf(name));

/** The rules in effect. An empty namespace is the default one. */
export async function findRules(
  { db, limits }: { readonly db: Db; readonly limits: Pick<Limits, "uploadBytesMax"> },
  scope: Pick<Scope, "orgId">,
  namespace: string,
): Promise<UploadRules> {
  const policy = await findPolicy(db, scope, namespace || defaultNamespace);
  const allowedTypes = policy?.allowedTypes.map((type) => essenceOf(type)) ?? [];
  const fileBytesMax = Math.min(policy?.fileBytesMax || limits.uploadBytesMax, limits.uploadBytesMax);
  const isAllowed = (type: string) => allowedTypes.length === 0 || allowedTypes.some(matches(type));
  const rules: UploadRules = {
    fileBytesMax,
    requireAllowed(file, sizeBytes = 0) {
      if (sizeBytes > fileBytesMax) throw contentTooLarge(fileBytesMax);
      if (!isAllowed(saidType(file))) throw typeRefused(saidType(file), allowedTypes);
    },
    requireContent(file, detected) {
      if (isAllowed(detected) || canBe(saidType(file), detected)) return;
      throw contentTypeRefused(saidType(file), detected, allowedTypes);
    },
    requireStored(file) {
      rules.requireAllowed(file, file.sizeBytes);
      if (file.detectedContentType !== "") rules.requireContent(file, file.detectedContentType);
    },
  };
  return rules;
}

const matches = (type: string) => (pattern: string) =>
  pattern === "*/*" || pattern === type || (pattern.endsWith("/*") && type.startsWith(pattern.slice(0, -1)));

/** Content that passes, and the type that it looks like once it has passed. */
export type InspectedContent = {
  readonly chunks: AsyncIterable<Uint8Array>;
  detect(): Promise<string>;
};

/** Applies the rules to content while it arrives: it is refused at its first bytes, or at the first one too many. */
export function inspect(
  rules: UploadRules,
  file: NamedType,
  chunks: AsyncIterable<Uint8Array>,
): InspectedContent {
  const start = createContentStart();
  return { chunks: passing(rules, file, chunks, start), detect: start.detect };
}

async function* passing(
  rules: UploadRules,
  file: NamedType,
  chunks: AsyncIterable<Uint8Array>,
  start: ContentStart,
): AsyncGenerator<Uint8Array> {
  let [receivedBytes, isChecked] = [0, false];
  const check = async () => {
    isChecked = true;
    rules.requireContent(file, await start.detect());
  };
  for await (const chunk of chunks) {
    receivedBytes += chunk.length;
    if (receivedBytes > rules.fileBytesMax) throw contentTooLarge(rules.fileBytesMax);
    start.add(chunk);
    if (!isChecked && start.isWhole()) await check();
    yield chunk;
  }
  if (!isChecked) await check();
}
