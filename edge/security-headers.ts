import type { Headers } from "./http.ts";

/** What a page needs beyond files of its own origin. */
export type PageNeeds = {
  /** Hashes of its inline scripts, as `sha256-` and base64. */
  readonly scriptHashes?: readonly string[];
  /** Whether it has style attributes or style elements, as components that lay themselves out do. */
  readonly inlineStyles?: boolean;
  /** Whether it has images or fonts that are written out in its files as `data:`. */
  readonly dataImages?: boolean;
};

/**
 * Headers of a page that the edge serves: it runs scripts of its own origin only, sends nothing elsewhere, stands in no
 * other page's frame, and tells other sites nothing about where its reader was.
 */
export function pageHeaders(needs: PageNeeds = {}): Headers {
  return {
    "content-security-policy": contentPolicy(needs),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    // For browsers that do not know frame-ancestors.
    "x-frame-options": "DENY",
  };
}

function contentPolicy({ scriptHashes = [], inlineStyles = false, dataImages = false }: PageNeeds): string {
  const own = "'self'";
  const data = dataImages ? [own, "data:"] : [own];
  const sources: Readonly<Record<string, readonly string[]>> = {
    "default-src": ["'none'"],
    "script-src": [own, ...scriptHashes.map((hash) => `'${hash}'`)],
    "style-src": inlineStyles ? [own, "'unsafe-inline'"] : [own],
    "img-src": data,
    "font-src": data,
    "connect-src": [own],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
  };
  return Object.entries(sources)
    .map(([name, values]) => `${name} ${values.join(" ")}`)
    .join("; ");
}
