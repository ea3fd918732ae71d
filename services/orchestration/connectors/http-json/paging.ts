import { createHash } from "node:crypto";
import { sourceDataInvalid } from "../../errors.ts";
import { parseLinks } from "../http/parse-links.ts";
import { targetOf } from "../http/server-settings.ts";
import type { HttpJsonSettings } from "./settings.ts";

/** What a page says about the next one. */
type PageFacts = {
  /** Path and query that it was asked for with. */
  readonly path: string;
  readonly rowCount: number;
  /** The response, to recognise one that comes again. */
  readonly bytes: Uint8Array;
  /** The header Link. */
  readonly link: string | undefined;
  /** JSON text of the value at settings.cursorPath; undefined if the response has none. */
  readonly cursor: string | undefined;
};

/** Decides which requests read all pages. */
export type Paging = {
  /** Path and query of the first page. */
  readonly first: string;
  /** Path and query of the page after this one; undefined after the last. FailedPrecondition (SOURCE_DATA_INVALID). */
  next(page: PageFacts): string | undefined;
};

/** `resolve` turns an address in a response into path and query. */
export function createPaging(
  settings: HttpJsonSettings,
  resolve: (reference: string, base: string) => string,
): Paging {
  const { paging, pageParameter = paging, firstPage = 1 } = settings;
  const { pageSize, pageSizeParameter } = settings;
  const size = pageSizeParameter === undefined ? {} : { [pageSizeParameter]: String(pageSize) };
  const addressOf = (more: Readonly<Record<string, string>>) => targetOf(settings, { ...size, ...more });
  const once = createSeen();
  switch (paging) {
    case "none":
      return {
        first: addressOf({}),
        next({ link }) {
          if (nextLink(link) === undefined) return undefined;
          throw refused("has a Link header with a next page: set settings.paging to link");
        },
      };
    case "link":
      return {
        first: addressOf({}),
        next: ({ link, path }) => once.address(nextLink(link), (reference) => resolve(reference, path)),
      };
    case "next":
      return {
        first: addressOf({}),
        next: ({ cursor, path }) => once.address(addressIn(cursor), (reference) => resolve(reference, path)),
      };
    case "cursor":
      return {
        first: addressOf({}),
        next: ({ cursor }) =>
          once.address(cursorIn(cursor), (value) => addressOf({ [pageParameter]: value })),
      };
    case "page": {
      let page = firstPage;
      return {
        first: addressOf({ [pageParameter]: String(page) }),
        next({ rowCount, bytes }) {
          if (rowCount === 0) return undefined;
          once.content(bytes, pageParameter);
          page += 1;
          return addressOf({ [pageParameter]: String(page) });
        },
      };
    }
    case "offset": {
      let offset = 0;
      return {
        first: addressOf({ [pageParameter]: "0" }),
        next({ rowCount, bytes }) {
          if (rowCount === 0) return undefined;
          once.content(bytes, pageParameter);
          offset += rowCount;
          return addressOf({ [pageParameter]: String(offset) });
        },
      };
    }
  }
}

/** Recognises an API that never ends because it repeats itself. */
function createSeen() {
  const seen = new Set<string>();
  const isNew = (subject: Uint8Array | string) => {
    const hash = createHash("sha256").update(subject).digest("base64");
    const before = seen.size;
    return seen.add(hash).size > before;
  };
  return {
    address(reference: string | undefined, addressOf: (reference: string) => string): string | undefined {
      if (reference === undefined) return undefined;
      if (isNew(reference)) return addressOf(reference);
      throw refused(
        `leads to ${JSON.stringify(reference.slice(0, 200))} a second time: its pages have no end`,
      );
    },
    content(bytes: Uint8Array, parameter: string): void {
      if (isNew(bytes)) return;
      throw refused(
        `is the same as an earlier one: the API may not know the parameter ${JSON.stringify(parameter)}`,
      );
    },
  };
}

function nextLink(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const links = parseLinks(header);
  if (!links) throw refused("has a Link header that can't be read");
  const next = links.filter(({ rels }) => rels.includes("next"));
  if (next.length > 1) throw refused("has a Link header with several next pages");
  return next[0]?.target;
}

/** The cursor of a response; undefined at the end, where it is missing, null, false or empty. */
function cursorIn(json: string | undefined): string | undefined {
  if (json === undefined || json === "null" || json === "false" || json === '""') return undefined;
  // A number as it is written: it may have more digits than a double.
  if (/^[-0-9]/.test(json)) return json;
  if (json.startsWith('"')) return JSON.parse(json) as string;
  throw refused("has something else than a text or a number at settings.cursorPath");
}

function addressIn(json: string | undefined): string | undefined {
  if (json !== undefined && /^[-0-9]/.test(json))
    throw refused("has a number at settings.cursorPath, and no address");
  return cursorIn(json);
}

const refused = (problem: string) => sourceDataInvalid(`a response of the API ${problem}`);
