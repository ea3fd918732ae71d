import { type DescEnum, type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { media_type } from "../../gen/sluice/common/v1/options_pb.ts";

/** A media type of responses, and the enum value that selects it. */
export type Format = {
  /** Name in URLs, as `csv`. */
  readonly name: string;
  readonly mediaType: string;
  /** Number of the enum value. */
  readonly number: number;
};

/** The field that selects the format of a response, and its values, the default first. */
export type Formats = { readonly field: DescField; readonly all: readonly Format[] };

/** The formats of an enum field whose values have media types; undefined for other fields. */
export function formatsOf(field: DescField | undefined): Formats | undefined {
  if (field?.fieldKind !== "enum") return undefined;
  const prefix = prefixOf(field.enum);
  const all = field.enum.values
    .filter((value) => hasOption(value, media_type))
    .map((value) => ({
      name: value.name.slice(prefix.length).toLowerCase(),
      mediaType: getOption(value, media_type),
      number: value.number,
    }));
  return all.length === 0 ? undefined : { field, all };
}

/** The prefix of an enum's values: its own name. */
const prefixOf = ({ name }: DescEnum): string =>
  `${name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()}_`;
