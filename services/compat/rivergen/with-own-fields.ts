import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.ts";

/** RiverGen's names of fields by those of Sluice, whose parts have the same name. */
type OwnNames = Readonly<Record<string, string>>;

/** Calls a method of Sluice. Errors about its fields name those of RiverGen's request. */
export async function withOwnFields<T>(names: OwnNames, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof ConnectError ? renamed(error, names) : error;
  }
}

function renamed(error: ConnectError, names: OwnNames): ConnectError {
  const fieldViolations = error.findDetails(BadRequestSchema).flatMap((one) => one.fieldViolations);
  if (fieldViolations.length === 0) return error;
  let text = error.rawMessage;
  const own = fieldViolations.map(({ field, description }) => {
    text = text.replace(`${field}: ${description}`, `${ownName(field, names)}: ${description}`);
    return { field: ownName(field, names), description };
  });
  const copy = new ConnectError(text, error.code);
  const others = error.details.filter(
    (detail) => !("type" in detail && detail.type === BadRequestSchema.typeName),
  );
  const value = toBinary(BadRequestSchema, create(BadRequestSchema, { fieldViolations: own }));
  copy.details = [...others, { type: BadRequestSchema.typeName, value }];
  return copy;
}

function ownName(field: string, names: OwnNames): string {
  const native = Object.keys(names).find(
    (name) => field === name || (field.startsWith(name) && /^[.[]/.test(field.slice(name.length))),
  );
  return native === undefined ? field : `${names[native]}${field.slice(native.length)}`;
}
