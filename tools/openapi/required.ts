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
/** What an empty message is refused for: fields, and whether a rule about several of them is among it. */
type Refusal = { readonly fields: ReadonlySet<DescField>; readonly asWhole: boolean };

const byMessage = new WeakMap<DescMessage, Refusal>();

function refusalOf(desc: DescMessage): Refusal {
  let refusal = byMessage.get(desc);
  if (!refusal) {
    const { violations = [] } = validator.validate(desc, create(desc));
    const paths = violations.map(({ field }) => field);
    const fields = paths.flatMap(([at, ...more]) => (at?.kind === "field" && more.length === 0 ? [at] : []));
    refusal = { fields: new Set(fields), asWhole: paths.some(([at]) => at?.kind !== "field") };
    byMessage.set(desc, refusal);
  }
  return refusal;
}

/** The fields that a caller has to set: those that the empty message is refused for. */
export const requiredFields = (desc: DescMessage): ReadonlySet<DescField> => refusalOf(desc).fields;

/** Whether a caller has to set something in a message beside the fields that are set already. */
export function isContentRequired(desc: DescMessage, set: ReadonlySet<DescField>): boolean {
  const { fields, asWhole } = refusalOf(desc);
  return asWhole || [...fields].some((field) => !set.has(field));
}

/** Whether one of the fields has to be set. */
export const isRequired = (oneof: DescOneof): boolean =>
  hasOption(oneof, oneofRules) && getOption(oneof, oneofRules).required;
