import { toJson } from "@bufbuild/protobuf";
import { typesOf } from "../errors/common-types.ts";
import { credentialInvalid, credentialMissing } from "../errors/refusals.ts";
import { bearerCredential } from "./bearer-credential.ts";
import type { Dialect, HeaderReader } from "./dialect.ts";
import { encodeGoogleError } from "./google-error.ts";

/** The default dialect: proto3 JSON, google.rpc.Status for errors, a bearer token or an API key. */
export const google: Dialect = {
  name: "google",
  owns: () => true,
  credentialHeaders: ["authorization", "x-api-key"],
  credentialOf,
  encodeError(error) {
    const { status, headers, body } = encodeGoogleError(error);
    return { status, headers, contentType: "application/json", body: JSON.stringify(body) };
  },
  // Empty lists and false are written: readers of JSON expect the fields to be there.
  encodeMessage: (desc, message) =>
    toJson(desc, message, { alwaysEmitImplicit: true, registry: typesOf(desc.file) }),
  successStatus: () => 200,
};

function credentialOf(header: HeaderReader): ReturnType<Dialect["credentialOf"]> {
  const authorization = header("authorization");
  const apiKey = header("x-api-key");
  if (authorization === undefined)
    return apiKey === undefined ? credentialMissing() : { case: "apiKey", value: apiKey };
  if (apiKey !== undefined) return credentialInvalid("send either Authorization or x-api-key, not both");
  const token = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (!token) return credentialInvalid("Authorization must be Bearer and an access token or an API key");
  return bearerCredential(token);
}
