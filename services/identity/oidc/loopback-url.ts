/** Whether a URL has http and an address of the own machine (RFC 8252, 7.3). A name such as localhost is none. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && /^(127\.0\.0\.1|\[::1\])$/.test(url.hostname);
}
