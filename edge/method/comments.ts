import type { AnyDesc, DescFile } from "@bufbuild/protobuf";

/** What the contract says of an element, its lines joined to paragraphs; empty where it says nothing. */
export type CommentOf = (desc: Commented) => string;

type Commented = Exclude<AnyDesc, { kind: "extension" | "file" }>;

/** Field numbers in google.protobuf's descriptors: a location's path is made of these and of indices. */
const place = {
  file: { message: 4, enum: 5, service: 6 },
  message: { field: 2, message: 3, enum: 4, oneof: 8 },
  enum: { value: 2 },
  service: { method: 2 },
} as const;

/** Reads the comments of files that were compiled with their source. */
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
        ? [...pathTo(desc.parent), place.message.message, indexIn(desc.parent.proto.nestedType, desc)]
        : [place.file.message, indexIn(desc.file.proto.messageType, desc)];
    case "enum":
      return desc.parent
        ? [...pathTo(desc.parent), place.message.enum, indexIn(desc.parent.proto.enumType, desc)]
        : [place.file.enum, indexIn(desc.file.proto.enumType, desc)];
    case "service":
      return [place.file.service, indexIn(desc.file.proto.service, desc)];
    case "rpc":
      return [...pathTo(desc.parent), place.service.method, indexIn(desc.parent.proto.method, desc)];
    case "enum_value":
      return [...pathTo(desc.parent), place.enum.value, indexIn(desc.parent.proto.value, desc)];
    case "field":
      return [...pathTo(desc.parent), place.message.field, indexIn(desc.parent.proto.field, desc)];
    case "oneof":
      return [...pathTo(desc.parent), place.message.oneof, indexIn(desc.parent.proto.oneofDecl, desc)];
  }
}

const indexIn = (all: readonly unknown[], { proto }: { proto: unknown }): number => all.indexOf(proto);

/** Lines for tools, as `buf:lint:ignore`, are nobody's to read. */
function toParagraphs(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("buf:lint:"))
    .join("\n")
    .trim()
    .replaceAll(/(?<!\n)\n(?!\n|- )/g, " ");
}

/** A comment's first sentence without its full stop. */
export function summaryOf(comment: string): string {
  const [first = ""] = comment.split("\n\n");
  return (/^.*?[.:](?=\s|$)/s.exec(first)?.[0] ?? first).replace(/[.:]$/, "");
}
