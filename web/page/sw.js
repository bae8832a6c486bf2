// @ts-check
// Offline use: the page's files are kept as they were built, all of one version. A newer version on the server is never hidden: each visit
// asks for the version first, and takes the kept files only if it is the same or there is no connection.

/** Filled in when the page is built. */
const VERSION = "VERSION";
/** @type {string[]} */
const FILES = [];

const CACHE = `deepsim-page-${VERSION}`;
const worker = /** @type {any} */ (self);
const addresses = new Set(FILES.map((file) => new URL(file, worker.registration.scope).href));
const start = new URL("./", worker.registration.scope).href;
/** Whether the server has this version; not known before the first visit. */
let isNewest = true;

worker.addEventListener("install", (/** @type {any} */ event) => {
    event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([start, ...FILES].map((file) => new Request(file, { cache: "no-cache" })))).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
    event.waitUntil((async () => {
        for (const name of await caches.keys()) if (name.startsWith("deepsim-page-") && name !== CACHE) await caches.delete(name);
        await worker.clients.claim();
    })());
});

async function serverHasThisVersion() {
    try {
        const response = await fetch(new URL("version.txt", worker.registration.scope), { cache: "no-store", signal: AbortSignal.timeout(1500) });
        return !response.ok || (await response.text()).trim() === VERSION;
    } catch {
        return true;
    }
}

/** @param {Request} request */
async function answer(request) {
    const address = request.url.replace(/[?#].*$/, "");
    if (request.mode === "navigate") {
        isNewest = await serverHasThisVersion();
        if (!isNewest) worker.registration.update();
    }
    const kept = isNewest ? await (await caches.open(CACHE)).match(address) : undefined;
    return kept ?? fetch(request);
}

worker.addEventListener("fetch", (/** @type {any} */ event) => {
    const address = event.request.url.replace(/[?#].*$/, "");
    if (event.request.method === "GET" && (addresses.has(address) || address === start)) event.respondWith(answer(event.request));
});
