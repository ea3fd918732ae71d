import { readFile } from "node:fs/promises";
import swaggerUi from "swagger-ui-dist/package.json" with { type: "json" };
import { immutable, lazily, type Page, pageOf, revalidated } from "./page.ts";

/** Files of the package that the page loads; no others are served. */
const assetTypes = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
} as const;

const assets = `docs/swagger-ui-${swaggerUi.version}`;

/** The page loads from this origin only, and no other page may frame it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Icons of the package's style sheet are data URLs.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A page of another API. The link is relative to the root. */
export type OtherPage = { readonly title: string; readonly path: string };

/** Links to the pages of other APIs, if there are any. */
const linksOf = (others: readonly OtherPage[], up: string): string =>
  others.length === 0
    ? ""
    : `
    <nav>
      ${others.map(({ title, path }) => `<a href="${up}${path}">${title}</a>`).join("\n      ")}
    </nav>`;

/** The page of one API. `up` leads from it to the root, where the assets are. */
const htmlOf = (title: string, up: string, others: readonly OtherPage[]) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${up}${assets}/swagger-ui.css">
  </head>
  <body>${linksOf(others, up)}
    <noscript>This page needs JavaScript. <a href="openapi.yaml">openapi.yaml</a> says the same.</noscript>
    <div id="docs"></div>
    <script src="${up}${assets}/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

// A credential is not written to the browser's storage: it is gone with the page.
const start = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true,
});
`;

const docsHeaders = { ...revalidated, "content-security-policy": policy };

/** The page that shows the OpenAPI document of an API and sends requests, below a path that ends with a slash. */
export function docsPages(
  title: string,
  folder: string,
  others: readonly OtherPage[],
): [path: string, page: () => Promise<Page>][] {
  const html = htmlOf(title, "../".repeat(folder.split("/").length - 2), others);
  return [
    [`${folder}docs`, lazily(() => pageOf("text/html; charset=utf-8", html, docsHeaders))],
    [`${folder}docs/start.js`, lazily(() => pageOf("text/javascript; charset=utf-8", start, revalidated))],
  ];
}

/** Files that the pages of all APIs load. */
export const docsAssets = (): [path: string, page: () => Promise<Page>][] =>
  Object.entries(assetTypes).map(([name, type]) => [
    `/${assets}/${name}`,
    lazily(() => readAsset(name, type)),
  ]);

async function readAsset(name: string, contentType: string) {
  const file = new URL(import.meta.resolve(`swagger-ui-dist/${name}`));
  return pageOf(contentType, await readFile(file), immutable);
}
