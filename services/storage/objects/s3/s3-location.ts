/** A bucket, and the part of it that is used. */
export type S3Location = {
  /** Origin of the server, as `https://s3.example.org:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
};

export type S3Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** Region of servers that have none. */
const regionDefault = "us-east-1";

/** Parses `https://host[:port]/bucket[/prefix][?region=…]`; undefined if the text is something else. */
export function parseS3Location(text: string): S3Location | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return undefined;
  const [bucket = "", ...folders] = url.pathname.split("/").filter((name) => name !== "");
  if (!/^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(bucket)) return undefined;
  if (!folders.every((name) => /^[\w.-]+$/.test(name) && !/^\.+$/.test(name))) return undefined;
  const { region = regionDefault, ...others } = Object.fromEntries(url.searchParams);
  if (Object.keys(others).length > 0 || !/^[a-z\d-]+$/.test(region)) return undefined;
  return { endpoint: url.origin, bucket, prefix: folders.map((name) => `${name}/`).join(""), region };
}

/** Parses `access:secret`; undefined if the text is something else. */
export function parseS3Credentials(text: string): S3Credentials | undefined {
  const [, accessKeyId, secretAccessKey] = /^([^\s:]+):(\S+)$/.exec(text) ?? [];
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}
