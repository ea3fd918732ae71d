import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { Ignore, field as rulesOf, type StringRules } from "../../gen/buf/validate/validate_pb.ts";
import { AccessService } from "../../gen/sluice/identity/v1/access_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService, ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { VectorCollectionSchema, VectorService } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { bindingsOf } from "../lib/contracts.ts";
import type { Things } from "./things.ts";

/**
 * Paths of the text fields that name a thing: the variables of the REST path, and ids and the namespace at the top of the
 * request.
 */
export function aimsOf(method: DescMethod): string[] {
  const names = method.input.fields.map(({ name }) => name);
  const ids = names.filter((name) => /(_ids?|^namespace)$/.test(name) && name !== "request_id");
  const paths = [...variablesOf(method), ...ids];
  const isText = (path: string) => fieldsOn(method.input, path).at(-1)?.scalar === ScalarType.STRING;
  return [...new Set(paths)].filter(isText);
}

/** Paths of the fields that are variables of the REST path. */
function variablesOf(method: DescMethod): string[] {
  return bindingsOf(method).flatMap(({ pattern }) =>
    [...String(pattern.value).matchAll(/\{([^}=]+)/g)].map(([, path]) => path ?? ""),
  );
}

function fieldsOn(schema: DescMessage, path: string): DescField[] {
  const [name, ...rest] = path.split(".");
  const field = schema.fields.find((each) => each.name === name);
  if (!field) throw new Error(`${schema.typeName} has no ${path}`);
  return field.message && rest.length > 0 ? [field, ...fieldsOn(field.message, rest.join("."))] : [field];
}

/** Whether the named things filter a list, in contrast to a list of a thing's parts. */
export const isFilter = (method: DescMethod): boolean =>
  method.name.startsWith("List") && variablesOf(method).length === 0;

/**
 * The aims of one request each: every filter of a list by itself, and every alternative of a oneof with the fields beside
 * it.
 */
export function variantsOf(method: DescMethod): string[][] {
  const aims = aimsOf(method);
  if (isFilter(method)) return aims.map((aim) => [aim]);
  const isAlternative = (aim: string) => fieldsOn(method.input, aim)[0]?.oneof !== undefined;
  const shared = aims.filter((aim) => !isAlternative(aim));
  const alternatives = aims.filter(isAlternative);
  return alternatives.length === 0 ? [shared] : alternatives.map((aim) => [aim, ...shared]);
}

/** The key in `Things` of the thing that a field names. */
export function keyOf(method: DescMethod, path: string): string {
  const name = path.split(".").at(-1) ?? "";
  if (name === "namespace" || method.parent.typeName === NamespaceService.typeName) return "namespace";
  return /_ids?$/.test(name) ? name.replace(/s$/, "") : `${method.parent.typeName}.${name}`;
}

const ofModels = (name: string) => `${ModelService.typeName}.${name}`;

/** What requests have to say beside names. */
const beside: Readonly<Record<string, object>> = {
  [`${AccessService.typeName}.ExplainAccess`]: { action: { case: "permission", value: "sources.read" } },
  [ofModels("GetModelVersion")]: { version: 1 },
  [ofModels("UpdateModelVersion")]: { modelVersion: { version: 1 } },
  [ofModels("SetModelAlias")]: { version: 1 },
  [ofModels("SetModelVersionStage")]: { version: 1, stage: ModelStage.STAGING },
  [ofModels("CompareModelVersions")]: { version: 1, otherVersion: 1 },
  [ofModels("DownloadModelFile")]: { version: 1 },
  [ofModels("DeleteModelVersion")]: { version: 1 },
  [`${VectorService.typeName}.SearchVectors`]: { vector: [1, 0] },
  [`${VectorService.typeName}.RestoreCollection`]: {
    collection: create(VectorCollectionSchema, { name: "restored", dimension: 2 }),
  },
  [`${QuotaService.typeName}.SetQuota`]: { quota: { limitBytes: 1n } },
  [`${UploadPolicyService.typeName}.SetUploadPolicy`]: { policy: { allowedTypes: ["text/csv"] } },
  [`${FileService.typeName}.RestoreFileVersion`]: { version: 1 },
  [`${FileService.typeName}.DeleteFileVersion`]: { version: 1 },
  [`${TrashPolicyService.typeName}.SetTrashPolicy`]: {
    trashPolicy: { undeleteWindow: { seconds: 86_400n } },
  },
};

/** A valid request that names these things, in the fields of one variant. */
export function requestOf(method: DescMethod, named: Things, aims: readonly string[]): object {
  const request = { ...filled(method.input), ...beside[`${method.parent.typeName}.${method.name}`] };
  for (const path of aims) {
    const [outer, inner] = fieldsOn(method.input, path);
    if (!outer) continue;
    const thing = named[keyOf(method, path)];
    if (outer.oneof) request[outer.oneof.localName] = { case: outer.localName, value: thing };
    else if (inner) {
      const said = Object(request[outer.localName]);
      request[outer.localName] = { ...said, ...changeOf(outer.message, inner), [inner.localName]: thing };
      Object.assign(request, maskOf(method, outer.message));
    } else request[outer.localName] = outer.fieldKind === "list" ? [thing] : thing;
  }
  return create(method.input, request);
}

/** A new name for the thing of an update, which has to change something. */
function changeOf(thing: DescMessage | undefined, key: DescField): object {
  const names = ["display_name", "description", "name"].filter((name) => name !== key.name);
  const [field] = names.flatMap((name) => thing?.fields.find((each) => each.name === name) ?? []);
  return field ? { [field.localName]: "x" } : {};
}

/** The mask for a thing without a name to change: its first list. */
function maskOf({ input }: DescMethod, thing: DescMessage | undefined): object | undefined {
  const hasMask = input.fields.some(({ name }) => name === "update_mask");
  const isNamed = thing?.fields.some(({ name }) =>
    ["display_name", "content_type", "description"].includes(name),
  );
  const list = thing?.fields.find(({ fieldKind }) => fieldKind === "list");
  return hasMask && !isNamed && list ? { updateMask: { paths: [list.name] } } : undefined;
}

/** Sets each field that must not be empty, and asks lists for their totals. */
function filled({ fields }: DescMessage): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const field of fields) {
    const { type, ignore } = getOption(field, rulesOf);
    const isOptional = ignore === Ignore.IF_ZERO_VALUE || field.oneof !== undefined;
    if (type.case === "string" && !isOptional) request[field.localName] = fitting(type.value);
    if (field.name === "show_total") request[field.localName] = true;
  }
  return request;
}

/** The first valid value of: the empty text, a word, a hash. */
function fitting({ minLen, pattern }: StringRules): string {
  const fits = (text: string) => text.length >= minLen && new RegExp(pattern).test(text);
  return ["", "x", "0".repeat(64)].find(fits) ?? "";
}
