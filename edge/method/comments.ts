import type { AnyDesc, DescFile } from "@bufbuild/protobuf";

/** The comment of an element, with lines joined to paragraphs; empty without one. */
export type CommentOf = (desc: Commented) => string;

type Commented = Exclude<AnyDesc, { kind: "extension" | "file" }>;

/** Field numbers of google.protobuf's descriptors, which the path of a location consists of, with indices. */
const fieldNumber = {
  file: { message: 4, enum: 5, service: 6 },
  message: { field: 2, message: 3, enum: 4, oneof: 8 },
  enum: { value: 2 },
  service: { method: 2 },
} as const;

/** Reads comments from the source info of files. */
export function readComments(files: Iterable<DescFile>): CommentOf {
  const byFile = new Map<string, ReadonlyMap<string, string>>();
  for (const { proto } of files) {
    const locations = proto.sourceCodeInfo?.location ?? [];
    const comments = locations.map(({ path, leadingComments }) => [path.join(), leadingComments] as const);
    byFile.set(proto.name, new Map(comments));
  }
  return (desc) => toParagraphs(byFile.get(fileOf(desc).proto.name)?.get(pathTo(desc).join()) ?? "");
}

const fileOf = (desc: Commented): DescFile => {
  if ("file" in desc) return desc.file;
  return fileOf(desc.parent);
};

function pathTo(desc: Commented): number[] {
  switch (desc.kind) {
    case "message":
      return desc.parent
        ? [...pathTo(desc.parent), fieldNumber.message.message, indexIn(desc.parent.proto.nestedType, desc)]
        : [fieldNumber.file.message, indexIn(desc.file.proto.messageType, desc)];
    case "enum":
      return desc.parent
        ? [...pathTo(desc.parent), fieldNumber.message.enum, indexIn(desc.parent.proto.enumType, desc)]
        : [fieldNumber.file.enum, indexIn(desc.file.proto.enumType, desc)];
    case "service":
      return [fieldNumber.file.service, indexIn(desc.file.proto.service, desc)];
    case "rpc":
      return [...pathTo(desc.parent), fieldNumber.service.method, indexIn(desc.parent.proto.method, desc)];
    case "enum_value":
      return [...pathTo(desc.parent), fieldNumber.enum.value, indexIn(desc.parent.proto.value, desc)];
    case "field":
      return [...pathTo(desc.parent), fieldNumber.message.field, indexIn(desc.parent.proto.field, desc)];
    case "oneof":
      return [...pathTo(desc.parent), fieldNumber.message.oneof, indexIn(desc.parent.proto.oneofDecl, desc)];
  }
}

const indexIn = (all: readonly unknown[], { proto }: { proto: unknown }): number => all.indexOf(proto);

/** Drops lines for tools, as `buf:lint:ignore`. */
function toParagraphs(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("buf:lint:"))
    .join("\n")
    .trim()
    .replaceAll(/(?<!\n)\n(?!\n|- )/g, " ");
}

/** The first sentence of a comment without its full stop. */
export function summaryOf(comment: string): string {
  const [first = ""] = comment.split("\n\n");
  return (/^.*?[.:](?=\s|$)/s.exec(first)?.[0] ?? first).replace(/[.:]$/, "");
}
