// The page without a network. JavaScript, and not Rust: a browser starts this file alone, at every request, also
// when no page is open; a WebAssembly module would have to be loaded and compiled before each answer.
//
// The build writes two lines above these: VERSION, the name of the folder of the page's assets, and FILES,
// all that a page of this version loads.
//
// A stale node is never served: the page itself is asked for at the server, and comes from here only when the server
// cannot be reached. It names the folder of all its scripts, workers included, and that folder's name is a
// hash of its content. So what is kept here under such a name is right for ever, and versions never mix.

const CACHE = `tabchain-${VERSION}`;

// What the tracker answers, and what no page is.
const SERVER = /^\/(api\/|ws$|healthz$)/;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || SERVER.test(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
  else if (FILES.includes(url.pathname)) event.respondWith(file(request));
});

async function install() {
  const index = await fetch("/", { cache: "no-cache" });
  // Between this script and the page the server may have got another version: then the next one is tried.
  if (!index.ok || !(await index.clone().text()).includes(`/assets/${VERSION}/`)) {
    throw new Error("the page is of another version");
  }
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES);
  // Last, because a cache that has the page counts as complete.
  await cache.put("/", index);
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const open of pages) open.postMessage({ version: VERSION });
}

// Runs when no page uses an older worker any more, and so none needs an older version's files.
async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith("tabchain-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

async function page(request) {
  let answer;
  try {
    answer = await fetch(request);
  } catch {
    answer = Response.error();
  }
  // A proxy whose tracker is down answers with such a status.
  if (answer.type !== "error" && answer.status < 500) return answer;
  return (await newest("/")) ?? answer;
}

// Never changes under its name.
async function asset(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

// May change under its name.
async function file(request) {
  try {
    return await fetch(request);
  } catch {
    return (await newest(request)) ?? Response.error();
  }
}

// From the last version that came, which is this worker's or one that waits for old pages to be closed.
async function newest(request) {
  for (const name of (await caches.keys()).reverse()) {
    const found = name.startsWith("tabchain-") && (await (await caches.open(name)).match(request, { ignoreVary: true }));
    if (found) return found;
  }
}
