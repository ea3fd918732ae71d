import {
  clone,
  createFileRegistry,
  type DescService,
  getExtension,
  hasExtension,
  setExtension,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { CompatApi } from "../../../edge/dialects/compat-api.ts";
import type { Dialect } from "../../../edge/dialects/dialect.ts";
import { file_compat_sample_v1_notes, NoteService } from "../../../gen/compat/sample/v1/notes_pb.ts";
import { http } from "../../../gen/google/api/annotations_pb.ts";

/** The sample API with its paths below those of another dialect, so that the suite can run on it. */
export const notesBelow = (prefix: string, dialect: Dialect): CompatApi => ({
  system: dialect.name,
  title: "Sample notes",
  dialect,
  services: [movedService(prefix)],
});

function movedService(prefix: string): DescService {
  const file = clone(FileDescriptorProtoSchema, file_compat_sample_v1_notes.proto);
  for (const { options } of file.service.flatMap(({ method }) => method)) {
    if (!options || !hasExtension(options, http)) continue;
    const rule = getExtension(options, http);
    const { pattern } = rule;
    if (pattern.case === undefined || pattern.case === "custom") throw new Error("not a path of the sample");
    pattern.value = pattern.value.replace(/^\/sample/, prefix);
    setExtension(options, http, rule);
  }
  const registry = createFileRegistry(file, (name) => dependencies.get(name));
  const service = registry.getService(NoteService.typeName);
  if (!service) throw new Error("the sample has no service");
  return service;
}

const dependencies = new Map(file_compat_sample_v1_notes.dependencies.map((file) => [file.proto.name, file]));
