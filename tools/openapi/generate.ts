import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { exposedServices } from "../../edge/contracts.ts";
import { readContract } from "../../edge/method/description.ts";
import packageJson from "../../package.json" with { type: "json" };
import { buildDescriptors } from "./build-descriptors.ts";
import { createDocument } from "./document.ts";

const write = (name: string, content: string | Uint8Array): void =>
  writeFileSync(join(import.meta.dirname, "../../gen", name), content);

const descriptors = buildDescriptors(exposedServices);
const document = createDocument(readContract(descriptors), packageJson.version);
write("descriptors.binpb", descriptors);
write("openapi.json", JSON.stringify(document));
// An alias would save little, and not every reader knows them.
write("openapi.yaml", stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }));
