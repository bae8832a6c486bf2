// @ts-check
// Model files: fetched with progress in bytes, kept in the Cache API under a key that changes with their contents.

import { download, downloadText } from "./download.js";

/** Raised when the way of keeping changes; caches of other names are deleted. */
const CACHE = "deepsim-weights-1";

/** @typedef {{name: string, layer: string, pictures: string, loss: string, enlarges: boolean, restyles: boolean, bytes: number, sha256: string}} Entry `layer` is what an inverter inverts, `pictures` what an autoencoder or a LAPGAN makes (its `loss` is "lapgan"), `enlarges` whether it is an upscaler, `restyles` whether a style network */

/** What models the page has. @returns {Promise<Entry[]>} */
export async function listModels() {
    return JSON.parse(await downloadText(new URL("../models.json", import.meta.url)));
}

/** @param {Entry} entry */
const addressOf = ({ name, sha256 }) => new URL(`../models/${name}.safetensors?sha256=${sha256}`, import.meta.url).href;

/** Private windows of some browsers have no cache: then nothing is kept. */
async function openCache() {
    try {
        return await caches.open(CACHE);
    } catch {
        return undefined;
    }
}

/**
 * A model file's bytes.
 * @param {Entry} entry
 * @param {(done: number) => void} progress bytes so far
 * @param {boolean} [again] from the server even if it is kept: what is kept was damaged
 * @returns {Promise<Uint8Array>}
 */
export async function fetchModel(entry, progress, again = false) {
    const address = addressOf(entry);
    const cache = await openCache();
    const kept = again ? undefined : await cache?.match(address);
    if (kept) return new Uint8Array(await kept.arrayBuffer());
    const bytes = await download(address, { cache: again ? "reload" : "default", progress });
    // No room is no error: the next visit fetches it again.
    await cache?.put(address, new Response(new Uint8Array(bytes))).catch(() => {});
    return bytes;
}

/** Whether a model file is kept. @param {Entry} entry */
export const isKept = async (entry) => Boolean(await (await openCache())?.match(addressOf(entry)));

/** Deletes a model file that turned out to be damaged. @param {Entry} entry */
export async function forgetModel(entry) {
    await (await openCache())?.delete(addressOf(entry));
}

/** Deletes what is kept of other versions. @param {Entry[]} entries */
export async function tidy(entries) {
    for (const name of await caches.keys()) if (name.startsWith("deepsim-weights-") && name !== CACHE) await caches.delete(name);
    const wanted = new Set(entries.map(addressOf));
    const cache = await openCache();
    for (const request of (await cache?.keys()) ?? []) if (!wanted.has(request.url)) await cache?.delete(request);
}

/** Deletes all kept weights and returns the number of files. */
export async function clearWeights() {
    const count = (await (await openCache())?.keys())?.length ?? 0;
    await caches.delete(CACHE);
    return count;
}
