// @ts-check
// Starts the worker, and then the page's own scripts: on a slow line the worker's program, which is larger, is downloaded beside them.

import { scriptAddress } from "./common/trusted.js";

/**
 * @typedef {object} EarlyWorker
 * @property {Worker} worker
 * @property {Event[]} events what it has sent, or how it has failed, so far
 * @property {() => void} stop ends the recording
 */

const query = new URLSearchParams(location.search);
/** What computes, and what is not to be used, as the address asks for it. */
export const WANTED = { device: query.get("device") ?? "auto", without: query.get("without") ?? "" };

/** Starts a worker on a device. @param {string} device @param {string} without @param {string} task */
export function startWorker(device, without, task) {
    const worker = new Worker(scriptAddress("../worker.js"), { type: "module" });
    worker.postMessage({ id: 0, type: "start", body: { device, without, task } });
    return worker;
}

/** @returns {EarlyWorker} */
function begin() {
    const worker = startWorker(WANTED.device, WANTED.without, "show");
    /** @type {Event[]} */
    const events = [];
    const record = (/** @type {Event} */ event) => {
        event.preventDefault();
        events.push(event);
    };
    for (const kind of ["message", "error"]) worker.addEventListener(kind, record);
    return { worker, events, stop: () => ["message", "error"].forEach((kind) => worker.removeEventListener(kind, record)) };
}

/** @type {EarlyWorker | undefined} */
let early = begin();

/** The worker that was started first, once. */
export function takeEarly() {
    const taken = early;
    early = undefined;
    taken?.stop();
    return taken;
}

// Not a static import: that would be downloaded first.
import("./app.js");
