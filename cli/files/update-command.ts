import { FileSchema, FileService, UpdateFileResponseSchema } from "../../gen/sluice/storage/v1/files_pb.ts";
import { command } from "../command/command.ts";
import { many, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { parseEntries } from "../namespaces/parse-entries.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { printRecord } from "../terminal/record.ts";

export const update = command({
  name: "update",
  summary: "Change name, folder, media type, tags and properties of a file",
  details: "Tags and properties that you do not name stay as they are.",
  args: ["<file>"],
  options: {
    name: text("name", "new name"),
    folder: text("path", "new folder, such as 2026/orders/; '' for none"),
    contentType: text("type", "new media type"),
    tag: many("word", "tag to add; can be repeated"),
    removeTag: many("word", "tag to remove; can be repeated"),
    property: many("name=value", "property to set; can be repeated"),
    removeProperty: many("name", "property to remove; can be repeated"),
  },
  examples: [
    "files update weather.csv --name weather-2026.csv --folder 2026/",
    "files update weather.csv --tag raw --remove-tag draft --property station=berlin",
  ],
  async run(call, [nameOrId], { tag, removeTag, property, removeProperty, ...given }) {
    const fields = Object.entries(given).filter(([, value]) => value !== undefined);
    const changesTags = tag.length + removeTag.length > 0;
    const changesProperties = property.length + removeProperty.length > 0;
    if (fields.length === 0 && !changesTags && !changesProperties)
      throw usageError("nothing to change", "give --name, --folder, --content-type, --tag or --property");
    const fileId = await resolveFile(call, nameOrId);
    const client = await call.client(FileService);
    const { file } = await client.getFile({ fileId }, { signal: call.signal });
    const tags = [...new Set([...(file?.tags ?? []), ...tag])].filter((word) => !removeTag.includes(word));
    const properties = { ...file?.properties, ...parseEntries(property) };
    for (const name of removeProperty) delete properties[name];
    const changed = {
      fileId,
      etag: file?.etag ?? "",
      ...Object.fromEntries(fields),
      ...(changesTags && { tags }),
      ...(changesProperties && { properties }),
    };
    const paths = [
      ...fields.map(([name]) => (name === "contentType" ? "content_type" : name)),
      ...(changesTags ? ["tags"] : []),
      ...(changesProperties ? ["properties"] : []),
    ];
    const response = await client.updateFile(
      { file: changed, updateMask: { paths } },
      { signal: call.signal },
    );
    await call.show(UpdateFileResponseSchema, response, () =>
      printRecord(call.terminal, FileSchema, response.file),
    );
  },
});
