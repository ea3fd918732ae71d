import type { EventEmitter } from "node:events";

/** What a form's part says of itself, beyond what the parser of forms tells. */
export type PartHeaders = {
  /** Whether the part that has begun last names a media type; the parser takes `text/plain` for none. */
  hasMediaType(): boolean;
  /** The name of that part's file as it was before its form was encoded. */
  fileNameOf(parsed: string): string;
};

type Raw = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * The parser keeps headers to itself, so this reaches into it. Where it does not find them, it takes what the parser
 * says for the whole.
 */
export function readPartHeaders(parser: object): PartHeaders {
  let last: Raw | undefined;
  const dicer = (parser as { _parser?: { parser?: EventEmitter } })._parser?.parser;
  // Before the parser's own listener, which tells of the part as soon as it has its headers.
  dicer?.prependListener("part", (part: EventEmitter) => {
    part.once("header", (raw: Raw) => {
      last = raw;
    });
  });
  return {
    hasMediaType: () => last === undefined || last["content-type"] !== undefined,
    fileNameOf: (parsed) => (isExtended(last) ? parsed : decodeFormName(parsed)),
  };
}

/** RFC 5987's form of a name, which the parser has decoded. */
const isExtended = (raw: Raw | undefined): boolean =>
  raw?.["content-disposition"]?.some((text) => /;\s*filename\*/i.test(text)) === true;

/** Browsers and HTTP clients encode three characters of a name, as the HTML standard says, and no other. */
const decodeFormName = (name: string): string =>
  name.replace(/%22|%0D|%0A/gi, (encoded) => decodeURIComponent(encoded));
