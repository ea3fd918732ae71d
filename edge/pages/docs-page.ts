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

/** The page of one API. `up` leads from it to the root, where the assets are. */
const htmlOf = (title: string, up: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${up}${assets}/swagger-ui.css">
  </head>
  <body>
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
export function docsPages(title: string, folder: string): [path: string, page: () => Promise<Page>][] {
  const html = htmlOf(title, "../".repeat(folder.split("/").length - 2));
  return [
    [`${folder}docs`, lazily(() => pageOf("text/html; charset=utf-8", html, docsHeaders))],
    [`${folder}docs/start.js`, lazily(() => pageOf("text/javascript; charset=utf-8", start, revalidated))],
  ];
}

/** What the pages of all APIs load. */
export const docsAssets = (): [path: string, page: () => Promise<Page>][] =>
  Object.entries(assetTypes).map(([name, type]) => [
    `/${assets}/${name}`,
    lazily(() => readAsset(name, type)),
  ]);

async function readAsset(name: string, contentType: string) {
  const file = new URL(import.meta.resolve(`swagger-ui-dist/${name}`));
  return pageOf(contentType, await readFile(file), immutable);
}
