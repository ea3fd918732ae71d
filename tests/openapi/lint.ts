import { createConfig, lintFromString } from "@redocly/openapi-core";

/** Problems that a public validator finds in a document, as `rule at path: text`. */
export async function problemsOf(document: unknown): Promise<string[]> {
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
      "no-invalid-media-type-examples": "error",
      "no-invalid-parameter-examples": "error",
      "operation-operationId-unique": "error",
      "path-parameters-defined": "error",
      "spec-components-invalid-map-name": "error",
    },
  });
  const problems = await lintFromString({
    source: JSON.stringify(document),
    config,
    absoluteRef: "/openapi.json",
  });
  return problems.map(({ ruleId, location, message }) => `${ruleId} at ${location[0]?.pointer}: ${message}`);
}
