import type { HttpBody } from "../../../gen/google/api/httpbody_pb.ts";
import { preferencesInvalid } from "./errors.ts";
import { readObject, readTexts } from "./read-body.ts";

/** The preferences of a body: values by name, none without a body. */
export const readPreferences = (body: HttpBody | undefined): Record<string, string> =>
  readTexts(readObject(body, preferencesInvalid), preferencesInvalid);
