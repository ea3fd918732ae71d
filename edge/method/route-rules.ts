import { type DescField, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import type { HttpRule } from "../../gen/google/api/http_pb.ts";
import type { Parameter } from "../codec/parameters.ts";
import type { Route } from "./route.ts";

/** Throws for a binding that no request could match as intended. */
export function checkRoute(route: Route, rule: HttpRule): void {
  const refuse = (problem: string): never => {
    throw new Error(`${route.name}: ${route.template.text}: ${problem}`);
  };
  const head = [...route.variables, ...route.headers.map(({ parameter }) => parameter)];
  const twice = firstTwice(head.map(({ name }) => name));
  if (twice !== undefined) refuse(`${twice} is set by two parts of the request`);
  const choice = firstTwice(head.flatMap(oneofsOf));
  if (choice !== undefined) refuse(`two parts of the request set the oneof ${choice}`);
  const jsonName = route.template.variables.find(({ path }, index) => path !== route.variables[index]?.name);
  if (jsonName) refuse(`${jsonName.path} is not the field's name in the contract`);
  checkBody(route, refuse);
  if (route.formats && !route.response.rawBody) refuse("a choice of formats is one of google.api.HttpBody");
  for (const more of rule.additionalBindings) {
    if (more.additionalBindings.length > 0) refuse("an additional binding has no additional bindings");
  }
}

function checkBody(
  { httpMethod, body, method, upload, verbatim }: Route,
  refuse: (problem: string) => never,
): void {
  const isRead = httpMethod === "GET" || httpMethod === "HEAD";
  if (isRead && body.kind !== "none") refuse(`${httpMethod} takes no body`);
  if (verbatim && (body.kind !== "field" || verbatim.scalar !== ScalarType.BYTES || sendsMany(method))) {
    refuse("a verbatim body is a field of type bytes beside the field that describes it");
  }
  if (sendsMany(method) && body.kind === "none" && !upload) refuse("a stream of requests needs a body");
  if (sendsMany(method) && body.kind === "field" && body.field.fieldKind !== "message") {
    refuse(`${body.field.name} can't carry a stream of requests`);
  }
}

const sendsMany = ({ methodKind }: DescMethod): boolean =>
  methodKind === "client_streaming" || methodKind === "bidi_streaming";

/** The oneof that a parameter is a member of, by its path. */
function oneofsOf({ path, leaf }: Parameter): string[] {
  return leaf.oneof ? [pathOfOneof(path, leaf)] : [];
}

const pathOfOneof = (path: readonly DescField[], leaf: DescField): string =>
  [...path.slice(0, -1).map(({ name }) => name), leaf.oneof?.name].join(".");

const firstTwice = (names: readonly string[]): string | undefined =>
  names.find((name, index) => names.indexOf(name) !== index);
