// @ts-check
// Downloads with progress, which fail when nothing arrives any more.

import { LONGEST_SILENCE, Silence } from "./silence.js";

/**
 * A file's bytes. Throws if the server has none, or the connection is lost or stalls.
 * @param {string | URL} address
 * @param {{cache?: RequestCache, progress?: (done: number) => void}} [how] `progress` is given the bytes so far
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(address, { cache = "default", progress = () => {} } = {}) {
    const stop = new AbortController();
    const silence = new Silence(() => stop.abort(new Error(`nothing arrived for ${LONGEST_SILENCE / 1000} seconds`)));
    try {
        const response = await fetch(address, { cache, signal: stop.signal });
        if (!response.ok || !response.body) throw new Error(`${response.status} ${response.statusText}`);
        return await readAll(response.body, (done) => {
            silence.heard();
            progress(done);
        });
    } finally {
        silence.end();
    }
}

/** A text file. @param {string | URL} address */
export const downloadText = async (address) => new TextDecoder().decode(await download(address));

/** @param {ReadableStream<Uint8Array>} body @param {(done: number) => void} progress */
async function readAll(body, progress) {
    /** @type {BlobPart[]} */
    const chunks = [];
    let done = 0;
    const reader = body.getReader();
    for (;;) {
        const { done: ended, value } = await reader.read();
        if (ended) return new Uint8Array(await new Blob(chunks).arrayBuffer());
        chunks.push(/** @type {Uint8Array<ArrayBuffer>} */ (value));
        done += value.length;
        progress(done);
    }
}
