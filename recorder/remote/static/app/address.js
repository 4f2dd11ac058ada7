// Addresses are relative to the page: it may be served under a prefix (through the licence service).

/** An address of this recorder. */
export function pageAddress(path, query) {
  return new URL(`${path}?${new URLSearchParams(query)}`, document.baseURI).href;
}

/** The address of a WebSocket of this recorder. */
export function socketAddress(path, query) {
  const url = new URL(path, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams(query).toString();
  return url.href;
}
