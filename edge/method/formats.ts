import { type DescEnum, type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { media_type } from "../../gen/sluice/common/v1/options_pb.ts";

/** A media type that an answer can have, by the value of an enum that asks for it. */
export type Format = {
  /** In URLs, as `csv`. */
  readonly name: string;
  readonly mediaType: string;
  /** Number of the enum's value. */
  readonly number: number;
};

/** The field that says in which format an answer comes, and what it can say, the default first. */
export type Formats = { readonly field: DescField; readonly all: readonly Format[] };

/** Reads the formats of an enum's values; undefined where the field is none of such an enum. */
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

/** What the names of an enum's values begin with: its own name. */
const prefixOf = ({ name }: DescEnum): string =>
  `${name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()}_`;
