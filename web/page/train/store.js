// @ts-check
// What is kept of a training over a reload: the pictures, and the newest state of its runs. In a private window, or on a full disk, nothing is kept.

const DATABASE = "deepsim-training-1";
const STORE = "kept";

/**
 * What is kept beside the pictures.
 * @typedef {object} Kept
 * @property {any} settings how the runs began
 * @property {{name: string, saved: Uint8Array, savedStep: number, history: any}[]} runs
 * @property {number} seconds of training so far
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
});

/** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} use @returns {Promise<T>} */
async function withStore(mode, use) {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await result(opening);
    try {
        const transaction = database.transaction(STORE, mode);
        const done = new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve(undefined);
            transaction.onabort = () => reject(transaction.error);
        });
        const value = await result(use(transaction.objectStore(STORE)));
        await done;
        return value;
    } finally {
        database.close();
    }
}

/** Keeps the pictures; throws if there is no room. @param {import("./pictures.js").PictureSet} set */
export const keepPictures = (set) => withStore("readwrite", (store) => store.put(set, "pictures"));

/** Keeps the state; throws if there is no room. @param {Kept} kept */
export const keepState = (kept) => withStore("readwrite", (store) => store.put(kept, "state"));

/** What was kept, or nothing. @returns {Promise<{set: import("./pictures.js").PictureSet, kept: Kept} | undefined>} */
export async function readKept() {
    const set = await withStore("readonly", (store) => store.get("pictures"));
    const kept = await withStore("readonly", (store) => store.get("state"));
    return set && kept ? { set, kept } : undefined;
}

export const throwAway = () => withStore("readwrite", (store) => store.clear());
