import { readFile } from "node:fs/promises";
import swaggerUi from "swagger-ui-dist/package.json" with { type: "json" };
import { immutable, lazily, type Pages, pageOf, revalidated } from "./page.ts";

/** What the page loads, by the name that the package has for it: nothing else of the package is served. */
const assetTypes = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
} as const;

const assets = `docs/swagger-ui-${swaggerUi.version}`;

/** Everything comes from here, nothing may be loaded from elsewhere, and nobody may frame it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // The package's style sheet has its icons in itself.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sluice: API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${assets}/swagger-ui.css">
  </head>
  <body>
    <noscript>This page needs JavaScript. <a href="openapi.yaml">openapi.yaml</a> says the same.</noscript>
    <div id="docs"></div>
    <script src="${assets}/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

// A credential lives as long as the page: nothing is written to the browser's storage.
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

/** The page that shows the OpenAPI document and sends requests from it, with all that it loads. */
export function docsPages(): Pages {
  const headers = { ...revalidated, "content-security-policy": policy };
  return new Map([
    ["/docs", lazily(() => pageOf("text/html; charset=utf-8", html, headers))],
    ["/docs/start.js", lazily(() => pageOf("text/javascript; charset=utf-8", start, revalidated))],
    ...Object.entries(assetTypes).map(
      ([name, type]) => [`/${assets}/${name}`, lazily(() => readAsset(name, type))] as const,
    ),
  ]);
}

async function readAsset(name: string, contentType: string) {
  const file = new URL(import.meta.resolve(`swagger-ui-dist/${name}`));
  return pageOf(contentType, await readFile(file), immutable);
}
