import type { EventEmitter } from "node:events";

/** Headers of the current part of a form that the parser does not report. */
export type PartHeaders = {
  /** Whether the current part has a media type; the parser reports `text/plain` for none. */
  hasMediaType(): boolean;
  /** The file name of the current part, decoded. */
  fileNameOf(parsed: string): string;
};

type Raw = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * The parser keeps headers private, so this reaches into it. Where they are not found, the values of the parser are used.
 */
export function readPartHeaders(parser: object): PartHeaders {
  let last: Raw | undefined;
  const dicer = (parser as { _parser?: { parser?: EventEmitter } })._parser?.parser;
  // Before the listener of the parser, which emits the part as soon as it has the headers.
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

/** The parser decodes names in the form of RFC 5987 itself. */
const isExtended = (raw: Raw | undefined): boolean =>
  raw?.["content-disposition"]?.some((text) => /;\s*filename\*/i.test(text)) === true;

/** Browsers encode exactly these three characters (HTML standard, multipart/form-data). */
const decodeFormName = (name: string): string =>
  name.replace(/%22|%0D|%0A/gi, (encoded) => decodeURIComponent(encoded));
