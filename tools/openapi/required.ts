import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { oneof as oneofRules } from "../../gen/buf/validate/validate_pb.ts";

const validator = createValidator();
/** Violations of an empty message: of fields, and of the message as a whole. */
type Violations = { readonly fields: ReadonlySet<DescField>; readonly asWhole: boolean };

const byMessage = new WeakMap<DescMessage, Violations>();

function violationsOf(desc: DescMessage): Violations {
  let found = byMessage.get(desc);
  if (!found) {
    const { violations = [] } = validator.validate(desc, create(desc));
    const paths = violations.map(({ field }) => field);
    const fields = paths.flatMap(([at, ...more]) => (at?.kind === "field" && more.length === 0 ? [at] : []));
    found = { fields: new Set(fields), asWhole: paths.some(([at]) => at?.kind !== "field") };
    byMessage.set(desc, found);
  }
  return found;
}

/** The fields that a caller has to set: those with a violation in the empty message. */
export const requiredFields = (desc: DescMessage): ReadonlySet<DescField> => violationsOf(desc).fields;

/** Whether a caller has to set more than the given fields. */
export function isContentRequired(desc: DescMessage, set: ReadonlySet<DescField>): boolean {
  const { fields, asWhole } = violationsOf(desc);
  return asWhole || [...fields].some((field) => !set.has(field));
}

/** Whether the rules require one of the fields. */
export const isRequired = (oneof: DescOneof): boolean =>
  hasOption(oneof, oneofRules) && getOption(oneof, oneofRules).required;
