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

/** A representation that a path can answer. */
type Offer = { readonly route: Route; readonly type: string; readonly format: Format | undefined };

/** What a caller gets, by what it accepts. */
export type Choice = {
  readonly route: Route;
  /** Media type of the answer; undefined where the answer itself says it. */
  readonly type: string | undefined;
  readonly format: Format | undefined;
  /** The query but for what chose the format. */
  readonly rawQuery: string;
  /** Whether another caller may get another type at this path. */
  readonly varies: boolean;
  /** Set where the path has nothing that the caller accepts. */
  readonly refusal: ConnectError | undefined;
};

type Asked = { readonly accept: string | undefined; readonly rawQuery: string };

/** The parameter that asks for a format where a header can't be set. It weighs more than Accept. */
const formatName = "format";
const jsonName = "json";

/** The routes that stand at the place of another one and answer other media types, by that one. */
export function findAlternatives(routes: readonly Route[]): ReadonlyMap<Route, Route> {
  const placeOf = ({ httpMethod, template }: Route) => `${httpMethod} ${template.text}`;
  const mains = new Map(routes.filter(({ formats }) => !formats).map((route) => [placeOf(route), route]));
  return new Map(
    routes.flatMap((route) => {
      const main = route.formats && mains.get(placeOf(route));
      return main ? [[main, route] as const] : [];
    }),
  );
}

/** Chooses among what a route, and the one that shares its place, can answer. */
export function choose(main: Route, alternative: Route | undefined, { accept, rawQuery }: Asked): Choice {
  const offers = [main, ...(alternative ? [alternative] : [])].flatMap(offersOf);
  const hasFormats = offers.some(({ format }) => format);
  const asked = hasFormats ? takeFormat(rawQuery) : { names: [], rest: rawQuery };
  const [name, ...others] = asked.names;
  const found = name === undefined ? byAccept(offers, accept) : byName(offers, name);
  const first = offers[0];
  // What answers documents of any type can't tell before which one it is.
  const isOpen = offers.length === 0;
  return {
    route: found?.route ?? main,
    type: found?.type ?? first?.type,
    format: found?.format,
    rawQuery: asked.rest,
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

/** Puts the chosen format into a request; a body that says another one is refused. */
export function setFormat({ route, format }: Choice, message: Message): void {
  const { formats } = route;
  if (!formats || !format) return;
  const request = reflect(route.method.input, message);
  const said = request.get(formats.field);
  if (said !== 0 && said !== format.number) {
    throw invalidField(formats.field.name, "is another one in the body than Accept or the query asks for");
  }
  request.set(formats.field, format.number);
}
