import type { Socket } from "node:net";

/** The connection that a TLS connection of a server is made of, which Node keeps to itself; any other is its own. */
export const belowTls = (socket: Socket & { readonly _parent?: Socket | null }): Socket =>
  socket._parent ?? socket;
