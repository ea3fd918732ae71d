import { Ajv2020 } from "ajv/dist/2020.js";
import type { OpenApi } from "../../tools/openapi/document.ts";
import { type Described, successOf } from "./call.ts";

/** Checks JSON by the schema at a pointer in a document. */
export function checkerOf(document: OpenApi) {
  // Formats are checked by the public validator where there are examples; int64 and others are OpenAPI's, not JSON Schema's.
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "openapi");
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  return (pointer: string, json: unknown) => {
    const validate = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    validators.set(pointer, validate);
    return validate(json) ? [] : validate.errors;
  };
}

/** The pointer to the schema of a successful response. */
export function answerPointer({ path, key, operation }: Described, type: string): string {
  const status = String(successOf({ operation }));
  return `/${["paths", path, key, "responses", status, "content", type, "schema"].map(toPointerPart).join("/")}`;
}

const toPointerPart = (part: string): string =>
  encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
