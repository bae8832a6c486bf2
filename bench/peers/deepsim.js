// @ts-check
// A worker that does the work by the page's own wasm: the first message says which, each later one does it once.

import { bytes, rgbaOf } from "./picture.js";

/** @param {string} name */
const model = (name) => bytes(`../models/${name}.safetensors`);

/**
 * Opens a session with a build of the page's module, which computes in as many threads where it has them.
 * @param {string} build @param {number} threads
 */
async function open(build, threads) {
    const module = await import(`../wasm/${build}/deepsim-web.js`);
    await module.default();
    await module.initThreadPool?.(threads);
    return module.Session.open(build === "webgpu");
}

/** Inverts fire5 of a picture of 224 pixels, from its pixels on. @param {string} build @param {number} threads */
async function invert(build, threads) {
    const session = await open(build, threads);
    session.load(await model("squeezenet"));
    session.loadInverter("fire5", await model("fire5"));
    const side = 224;
    const rgba = rgbaOf(side);
    return () => session.invertPicture("fire5", rgba, side);
}

/** Enlarges 128 x 128 pixels four times. @param {string} build @param {number} threads */
async function enlarge(build, threads) {
    const session = await open(build, threads);
    session.loadUpscaler("enlarge", await model("enlarge-image"));
    const [tile] = JSON.parse(session.tiles("enlarge", 128, 128));
    const rgba = rgbaOf(128);
    return () => session.enlargeTile("enlarge", rgba, JSON.stringify(tile), false);
}

/** Paints 256 x 256 pixels. @param {string} build @param {number} threads */
async function restyle(build, threads) {
    const session = await open(build, threads);
    const styles = JSON.parse(session.loadStylist("styles", await model("styles")));
    const weights = Float32Array.from(styles, (_, index) => (index ? 0 : 1));
    const rgba = rgbaOf(256);
    return () => session.restyle("styles", rgba, 256, 256, weights);
}

/** @type {Record<string, (build: string, threads: number) => Promise<() => Promise<Uint8Array>>>} */
const WORKS = { invert, enlarge, restyle };

/** @type {() => Promise<Uint8Array>} */
let once;
addEventListener("message", async ({ data }) => {
    try {
        if (data.work) once = await WORKS[data.work](data.build, data.threads);
        postMessage({ value: data.work ? undefined : await once() });
    } catch (cause) {
        postMessage({ failure: String(cause) });
    }
});
