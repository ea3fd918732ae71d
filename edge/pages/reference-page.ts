import { type Page, pageOf, revalidated } from "./page.ts";

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
};
type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
type Response = { readonly $ref?: string; readonly description?: string; readonly content?: Content };
type Operation = {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly { name: string; in: string; description?: string; schema?: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
};
type Document = {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses?: Readonly<Record<string, Response>>;
  };
};

/** The page runs nothing and loads nothing. */
const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A page to read an OpenAPI document on. It needs no JavaScript and no other file. */
export function referencePage(openApiJson: string): Page {
  const document: Document = JSON.parse(openApiJson);
  const { title, version, description } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      section(document, `${method.toUpperCase()} ${path}`, operation),
    ),
  );
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sluice: ${escapeHtml(title)}</title>
    <link rel="icon" href="data:,">
  </head>
  <body>
    <h1>${escapeHtml(title)} ${escapeHtml(version)}</h1>
    <p>${prose(description)}</p>
    <ul>${operations.map(({ name, id }) => `<li><a href="#${id}">${escapeHtml(name)}</a></li>`).join("")}</ul>
${operations.map(({ html: part }) => part).join("\n")}
  </body>
</html>
`;
  return pageOf("text/html; charset=utf-8", html, { ...revalidated, "content-security-policy": policy });
}

function section(document: Document, name: string, operation: Operation) {
  const { description = "", parameters = [], requestBody, responses } = operation;
  const id = name.toLowerCase().replaceAll(/[^a-z\d]+/g, "-");
  const fields = [
    ...parameters.map((one) => ({ ...one, type: typeOf(document, one.schema), in: one.in })),
    ...fieldsOf(document, requestBody?.content).map((one) => ({ ...one, in: "body" })),
  ];
  const answers = Object.entries(responses).map(([status, one]) => answer(document, status, one));
  return {
    name,
    id,
    html: `    <section id="${id}">
      <h2><code>${escapeHtml(name)}</code></h2>
      ${description
        .split("\n\n")
        .map((text) => `<p>${prose(text)}</p>`)
        .join("\n      ")}
      ${
        fields.length === 0
          ? ""
          : table(
              ["Field", "In", "Type", "Meaning"],
              fields.map((one) => [one.name, one.in, one.type, one.description ?? ""]),
            )
      }
      ${table(["Status", "Meaning", "Body"], answers)}
    </section>`,
  };
}

function answer(document: Document, status: string, { $ref, ...response }: Response): string[] {
  const found = $ref ? document.components.responses?.[nameOf($ref)] : response;
  const fields = fieldsOf(document, found?.content).map(({ name }) => `\`${name}\``);
  return [status, found?.description ?? "", fields.join(", ")];
}

function fieldsOf(document: Document, content: Content | undefined) {
  const [body] = Object.values(content ?? {});
  const schema = resolve(document, body?.schema);
  const object = schema?.type === "array" ? resolve(document, schema.items) : schema;
  return Object.entries(object?.properties ?? {}).map(([name, field]) => ({
    name,
    type: typeOf(document, field),
    description: field.description,
  }));
}

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

const resolve = (document: Document, schema: Schema | undefined): Schema | undefined =>
  schema?.$ref ? document.components.schemas[nameOf(schema.$ref)] : schema;

function typeOf(document: Document, schema: Schema | undefined): string {
  const found = resolve(document, schema);
  if (found?.anyOf) return found.anyOf.map((one) => typeOf(document, one)).join(" or ");
  return found?.type ?? "any";
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table border="1"><thead><tr>${heads.map((text) => `<th scope="col">${text}</th>`).join("")}</tr></thead><tbody>` +
  `${rows.map((cells) => `<tr>${cells.map((text) => `<td>${prose(text)}</td>`).join("")}</tr>`).join("")}</tbody></table>`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");

/** Code spans and links of Markdown; the documents have no other markup. */
const prose = (text: string): string =>
  escapeHtml(text)
    .replaceAll(/`([^`]*)`/g, "<code>$1</code>")
    .replaceAll(/\[([^\]]*)\]\((\/[^)\s]*)\)/g, '<a href="$2">$1</a>');
