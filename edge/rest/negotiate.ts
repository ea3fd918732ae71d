import type { Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseQuery } from "../codec/query.ts";
import { typeNotAcceptable } from "../errors/http-error.ts";
import { jsonType } from "../http/send.ts";
import type { Format } from "../method/formats.ts";
import type { Route } from "../method/route.ts";
import { preferredType } from "./accept.ts";
import { framingTypes } from "./framing.ts";

/** A representation that a path offers. */
type Offer = { readonly route: Route; readonly type: string; readonly format: Format | undefined };

/** The representation that was chosen for a request. */
export type Choice = {
  readonly route: Route;
  /** Media type of the response; undefined where the response message has it. */
  readonly type: string | undefined;
  readonly format: Format | undefined;
  /** The query without the parameter for the format. */
  readonly rawQuery: string;
  /** Whether the type depends on Accept. */
  readonly varies: boolean;
  /** The error to throw after admission, where no offer is acceptable. */
  readonly refusal: ConnectError | undefined;
};

type Preference = { readonly accept: string | undefined; readonly rawQuery: string };

/** The query parameter for a format, for callers that can't set headers. It overrides Accept. */
const formatName = "format";
const jsonName = "json";

/** Routes with formats that share method and path with another route, by that one. */
export function findAlternatives(routes: readonly Route[]): ReadonlyMap<Route, Route> {
  const bindingOf = ({ httpMethod, template }: Route) => `${httpMethod} ${template.text}`;
  const mains = new Map(routes.filter(({ formats }) => !formats).map((route) => [bindingOf(route), route]));
  return new Map(
    routes.flatMap((route) => {
      const main = route.formats && mains.get(bindingOf(route));
      return main ? [[main, route] as const] : [];
    }),
  );
}

/** Chooses among the representations of a route and of its alternative. */
export function choose(
  main: Route,
  alternative: Route | undefined,
  { accept, rawQuery }: Preference,
): Choice {
  const offers = [main, ...(alternative ? [alternative] : [])].flatMap(offersOf);
  const hasFormats = offers.some(({ format }) => format);
  const requested = hasFormats ? takeFormat(rawQuery) : { names: [], rest: rawQuery };
  const [name, ...others] = requested.names;
  const found = name === undefined ? byAccept(offers, accept) : byName(offers, name);
  const first = offers[0];
  // A google.api.HttpBody has its type in the response only.
  const isOpen = offers.length === 0;
  return {
    route: found?.route ?? main,
    type: found?.type ?? first?.type,
    format: found?.format,
    rawQuery: requested.rest,
    varies: offers.length > 1,
    refusal:
      others.length > 0
        ? invalidField(formatName, "is in the query twice")
        : found || isOpen
          ? undefined
          : typeNotAcceptable(name ?? accept ?? "", offers.map(labelOf)),
  };
}

const labelOf = ({ type }: Offer): string => type;

function offersOf(route: Route): Offer[] {
  const { response, formats, method } = route;
  if (formats) return formats.all.map((format) => ({ route, type: format.mediaType, format }));
  if (response.rawBody) return [];
  const isStream = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  return (isStream ? framingTypes : [jsonType]).map((type) => ({ route, type, format: undefined }));
}

function byAccept(offers: readonly Offer[], accept: string | undefined): Offer | undefined {
  const [first] = offers;
  if (accept === undefined || accept.trim() === "" || accept === "*/*") return first;
  const type = preferredType(
    accept,
    offers.map((offer) => offer.type),
  );
  return offers.find((offer) => offer.type === type);
}

const byName = (offers: readonly Offer[], name: string): Offer | undefined =>
  offers.find(({ format, type }) => (format ? format.name === name : type === jsonType && name === jsonName));

function takeFormat(rawQuery: string): { names: string[]; rest: string } {
  const isFormat = (part: string) => parseQuery(part)[0]?.[0] === formatName;
  const parts = rawQuery.split("&");
  const names = parts.filter(isFormat).flatMap((part) => parseQuery(part).map(([, value]) => value));
  return { names, rest: parts.filter((part) => !isFormat(part)).join("&") };
}

/** Sets the chosen format in a request message. Throws if the body has another one. */
export function setFormat({ route, format }: Choice, message: Message): void {
  const { formats } = route;
  if (!formats || !format) return;
  const request = reflect(route.method.input, message);
  const current = request.get(formats.field);
  if (current !== 0 && current !== format.number) {
    throw invalidField(formats.field.name, "is another one in the body than Accept or the query asks for");
  }
  request.set(formats.field, format.number);
}
