// @ts-check
// Fetching files with progress in bytes.

/**
 * @param {string[]} urls relative to the page
 * @param {(done: number, total: number) => void} progress bytes so far, and of all files
 * @returns {Promise<Uint8Array[]>}
 */
export async function fetchWithProgress(urls, progress) {
    const responses = await Promise.all(urls.map((url) => fetch(new URL(url, import.meta.url))));
    for (const [index, response] of responses.entries()) {
        if (!response.ok || !response.body) throw new Error(`${urls[index]}: ${response.status} ${response.statusText}`);
    }
    const total = responses.reduce((sum, response) => sum + Number(response.headers.get("content-length") ?? 0), 0);
    let done = 0;
    return Promise.all(responses.map(async (response) => {
        const chunks = [];
        const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
        for (;;) {
            const { done: ended, value } = await reader.read();
            if (ended) break;
            chunks.push(value);
            done += value.length;
            progress(done, total);
        }
        return new Uint8Array(await new Blob(chunks).arrayBuffer());
    }));
}
