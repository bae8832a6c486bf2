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

/** Takes training steps of the inverter of fire3 that the view Train begins with, with the image loss: 8 crops of 64 pixels. @param {string} build @param {number} threads */
async function train(build, threads) {
    const session = await open(build, threads);
    session.load(await model("squeezenet"));
    session.beginPictures("noise");
    for (let picture = 0; picture < 9; picture++) session.addPicture(rgbaOf(160), 160, 160, picture === 8);
    await session.beginRun("run", JSON.stringify({ shape: { layer: "fire3", width: 0.5 }, size: 64, batch: 8, seed: 0 }), new Uint8Array());
    return async () => {
        await session.trainStep("run", 1, 0, 0, 1e-3);
        return new Uint8Array(4);
    };
}

/** @type {Record<string, (build: string, threads: number) => Promise<() => Promise<Uint8Array>>>} */
const WORKS = { invert, enlarge, restyle, train };

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
