// @ts-check
// Offline use: the page's files are kept as they were built, all of one version. A newer version on the server is never hidden: each visit
// asks for the version first, and takes the kept files only if it is the same or there is no connection. Of the builds of wasm only those are
// kept that the page asks for. Every answer isolates the page, on hosts that do not: threads need that.

/** Filled in when the page is built. */
const VERSION = "VERSION";
/** The beginning of each file's SHA-256. @type {Record<string, string>} */
const FILES = {};

const CACHE = `deepsim-page-${VERSION}`;
const worker = /** @type {any} */ (self);
const addresses = new Set(Object.keys(FILES).map((file) => new URL(file, worker.registration.scope).href));
const start = new URL("./", worker.registration.scope).href;
/** Builds of wasm are in folders of their own below it. */
const BUILDS = "wasm/";
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
/** Whether the server has this version; not known before the first visit. */
let isNewest = true;

/** @param {BufferSource} bytes @param {number} digits */
async function digestOf(bytes, digits) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, digits);
}

/**
 * Downloads a file to be kept. Throws if it is not the one of this version: a file of another release, an error page or a part of a file
 * would be there at every later visit.
 * @param {string} file
 */
async function download(file) {
    const response = await fetch(new Request(file, { cache: "no-cache" }));
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    const bytes = await response.clone().arrayBuffer();
    const isRight = file === start ? new TextDecoder().decode(bytes).includes(`data-version="${VERSION}"`) : await digestOf(bytes, FILES[file].length) === FILES[file];
    if (!isRight) throw new Error(`${file} is not the one of version ${VERSION}`);
    return response;
}

/** @param {string[]} files */
async function keep(files) {
    const responses = await Promise.all(files.map(async (file) => ({ file, response: await download(file) })));
    const cache = await caches.open(CACHE);
    await Promise.all(responses.map(({ file, response }) => cache.put(file, response)));
}

/** The files of builds of wasm. @param {string[]} builds */
const filesOf = (builds) => Object.keys(FILES).filter((file) => builds.some((build) => file.startsWith(`${BUILDS}${build}/`)));

/** The builds that are kept, of whatever version: those that this browser uses. */
async function keptBuilds() {
    const folder = new URL(BUILDS, worker.registration.scope).href;
    const builds = new Set();
    for (const name of await caches.keys()) {
        if (!name.startsWith("deepsim-page-")) continue;
        for (const { url } of await (await caches.open(name)).keys()) if (url.startsWith(folder)) builds.add(url.slice(folder.length).split("/")[0]);
    }
    return /** @type {string[]} */ ([...builds]);
}

worker.addEventListener("install", (/** @type {any} */ event) => {
    event.waitUntil((async () => {
        await keep([start, ...Object.keys(FILES).filter((file) => !file.startsWith(BUILDS)), ...filesOf(await keptBuilds())]);
        await worker.skipWaiting();
    })());
});

worker.addEventListener("message", (/** @type {any} */ event) => {
    event.waitUntil((async () => {
        const cache = await caches.open(CACHE);
        const wanted = filesOf(event.data.builds);
        const kept = await Promise.all(wanted.map((file) => cache.match(file)));
        await keep(wanted.filter((_, index) => !kept[index]));
    })());
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
    const response = kept ?? (await fetch(request));
    // Some answers, such as to a range of bytes or a redirection, cannot be made anew.
    if (response.status !== 200 || response.type === "opaque") return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
    return new Response(response.body, { status: 200, headers });
}

worker.addEventListener("fetch", (/** @type {any} */ event) => {
    const address = event.request.url.replace(/[?#].*$/, "");
    if (event.request.method === "GET" && (addresses.has(address) || address === start)) event.respondWith(answer(event.request));
});
