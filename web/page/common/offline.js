// @ts-check
// Offline use: the page's side of its service worker, sw.js.

import { buildsToKeep } from "./modules.js";
import { scriptAddress } from "./trusted.js";

/** Service workers need a secure context: on addresses without a certificate the page works, but only with a connection. */
const isPossible = "serviceWorker" in navigator && isSecureContext;

/** Registers the service worker. @param {() => void} updated called when one of another version takes the place of the one that was there */
export function register(updated) {
    if (!isPossible) return;
    let before = navigator.serviceWorker.controller;
    navigator.serviceWorker.addEventListener("controllerchange", () => {
        if (before) updated();
        before = navigator.serviceWorker.controller;
    });
    navigator.serviceWorker.register(scriptAddress("../sw.js")).catch((cause) => console.warn(`no offline use: ${cause}`));
}

/** The names of the builds that run now, by task. @type {Map<string, string>} */
const running = new Map();

async function ask() {
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ builds: [...running].flatMap(([task, build]) => buildsToKeep(build, task)) });
}

/** Asks the service worker, and each that takes its place, to keep the builds of wasm that this browser uses. @param {string} build the one that runs now @param {string} [task] */
export function keepForOffline(build, task = "show") {
    if (!isPossible) return;
    if (!running.size) navigator.serviceWorker.addEventListener("controllerchange", ask);
    running.set(task, build);
    ask();
}
