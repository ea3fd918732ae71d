import { type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Dialect } from "../../../edge/dialects/dialect.ts";
import { httpHeadersOf, httpStatusOf } from "../../../edge/errors/http-status.ts";
import { credentialMissing } from "../../../edge/errors/refusals.ts";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";

/** A dialect that differs from Google's JSON in every respect. */
export const sample: Dialect = {
  name: "sample",
  owns: (path) => path === "/sample" || path.startsWith("/sample/"),
  credentialHeaders: ["x-sample-key"],
  credentialOf(header) {
    const value = header("x-sample-key");
    return value === undefined ? credentialMissing("send x-sample-key") : { case: "apiKey", value };
  },
  encodeError(error) {
    const [info] = error.findDetails(ErrorInfoSchema);
    const body = {
      ok: false,
      problem: { number: -error.code, reason: info?.reason ?? null, text: error.rawMessage },
    };
    return {
      // This system uses 400 in place of 422 and 431.
      status: [414, 415, 431].includes(httpStatusOf(error)) ? 400 : httpStatusOf(error),
      headers: { ...httpHeadersOf(error), "x-sample-problem": String(-error.code) },
      contentType: "application/json; charset=utf-8",
      body: JSON.stringify(body),
    };
  },
  encodeMessage,
  wrap: (body) => ({ ok: true, result: body }),
  successStatus: (httpMethod) => (httpMethod === "POST" ? 201 : 200),
};

/** Fields that are not set are null. */
function encodeMessage(desc: DescMessage, message: Message): JsonValue {
  const json = toJson(desc, message, { alwaysEmitImplicit: true }) as Record<string, JsonValue>;
  const fields = reflect(desc, message);
  return Object.fromEntries(
    desc.fields.map((field) => {
      const isNested = field.fieldKind === "message" && fields.isSet(field);
      const nested = isNested && (fields.get(field) as { message: Message }).message;
      return [field.jsonName, nested ? encodeMessage(field.message, nested) : (json[field.jsonName] ?? null)];
    }),
  );
}
