// A Tabchain node for any page: see README.md. The types are in tabchain.d.ts.
import init, { start as startNode } from "./client.js";

let loading;

/** Starts a node and gives its API. */
export async function start(options) {
  loading ??= init();
  try {
    await loading;
  } catch (error) {
    loading = undefined; // the next call tries again
    throw error;
  }
  return startNode(options, new URL("./", import.meta.url).href);
}
