import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { stringify } from "yaml";
import { exposedServices } from "../../edge/contracts.ts";
import { compatApis } from "../../edge/dialects/compat-api.ts";
import { readContract } from "../../edge/method/description.ts";
import packageJson from "../../package.json" with { type: "json" };
import { createCollection } from "../postman/collection.ts";
import { recipes } from "../postman/recipes.ts";
import { buildDescriptors } from "./build-descriptors.ts";
import { createDocument, type OpenApi } from "./document.ts";
import { ownStyle, type Style, styleOf } from "./style.ts";

function write(name: string, content: string | Uint8Array): void {
  const path = join(import.meta.dirname, "../../gen", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Writes the descriptors and the OpenAPI document of an API into a folder of gen/. */
function describeApi(folder: string, services: readonly DescService[], style: Style): OpenApi {
  const descriptors = buildDescriptors(services);
  const document = createDocument(readContract(descriptors), packageJson.version, style);
  write(`${folder}descriptors.binpb`, descriptors);
  write(`${folder}openapi.json`, JSON.stringify(document));
  // Some YAML parsers do not support aliases.
  write(`${folder}openapi.yaml`, stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }));
  return document;
}

describeApi("", exposedServices, ownStyle);
for (const api of compatApis) {
  const folder = `compat/${api.system}/`;
  const document = describeApi(folder, api.services, styleOf(api));
  const recipe = recipes[api.system];
  if (recipe)
    write(`${folder}postman.json`, `${JSON.stringify(createCollection(document, recipe), null, 2)}\n`);
}
