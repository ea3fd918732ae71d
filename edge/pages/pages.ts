import { readFile } from "node:fs/promises";
import packageJson from "../../package.json" with { type: "json" };
import { readContract } from "../method/description.ts";
import { docsPages } from "./docs-page.ts";
import { lazily, type Page, type Pages, pageOf, revalidated } from "./page.ts";

/** The generated description of what can be called. */
export type Description = {
  /** A google.protobuf.FileDescriptorSet. */
  readonly descriptors: Uint8Array;
  readonly openApiJson: string;
  readonly openApiYaml: string;
};

const generated = new URL("../../gen/", import.meta.url);

/** Reads the description of Sluice's own contracts. */
export async function readDescription(): Promise<Description> {
  const [descriptors, openApiJson, openApiYaml] = await Promise.all([
    readFile(new URL("descriptors.binpb", generated)),
    readFile(new URL("openapi.json", generated), "utf8"),
    readFile(new URL("openapi.yaml", generated), "utf8"),
  ]);
  return { descriptors, openApiJson, openApiYaml };
}

/** The pages that say what can be called here, and how. `read` is asked when one of them is. */
export function createPages(read: () => Promise<Description> = readDescription): Pages {
  const page = (make: (description: Description) => Page) => lazily(async () => make(await read()));
  return new Map([
    ["/openapi.json", page(({ openApiJson }) => pageOf("application/json", openApiJson, revalidated))],
    ["/openapi.yaml", page(({ openApiYaml }) => pageOf("application/yaml", openApiYaml, revalidated))],
    [
      "/descriptors.binpb",
      page(({ descriptors }) => pageOf("application/x-protobuf", descriptors, revalidated)),
    ],
    [
      "/.well-known/sluice",
      page((description) =>
        pageOf("application/json", `${JSON.stringify(about(description))}\n`, revalidated),
      ),
    ],
    ...docsPages(),
  ]);
}

/** What a program needs to know before it can talk to the mesh. Its URLs are relative to the mesh's own. */
function about({ descriptors }: Description) {
  const contract = readContract(descriptors);
  const services = contract.services.map(({ typeName }) => typeName).sort();
  const versions = services.flatMap((name) => /\.(v\d+\w*)\./.exec(name)?.[1] ?? []);
  return {
    product: packageJson.name,
    version: packageJson.version,
    apiVersions: [...new Set(versions)].sort(),
    protocols: ["rest", "connect", "grpc", "grpc-web"],
    services,
    openapi: { json: "/openapi.json", yaml: "/openapi.yaml" },
    docs: "/docs",
    descriptors: { url: "/descriptors.binpb", sha256: contract.sha256 },
  };
}
