// @ts-check
// The same work by the page's own wasm and by other libraries, for `cargo xtask bench --peers`, which calls `prepare` and `once` in turns.

import { onnxruntime } from "./onnxruntime.js";
import { styleTransformer, upscaleFile, upscalerJs } from "./tfjs.js";
import { trainingStep } from "./tfjs_training.js";

/**
 * Starts the page's module in a worker, as the page does. Returns a function that does the work once.
 * @param {string} work @param {string} build @param {number} threads
 * @returns {Promise<() => Promise<Uint8Array>>}
 */
async function deepsim(work, build, threads) {
    const worker = new Worker(new URL("./deepsim.js", import.meta.url), { type: "module" });
    const ask = (/** @type {any} */ message) => new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => ("failure" in data ? reject(new Error(data.failure)) : resolve(data.value));
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(message);
    });
    await ask({ work, build, threads });
    return () => ask({});
}

/** What makes a peer ready: returns a function that does the work once and returns RGBA bytes. @type {Record<string, () => Promise<() => Promise<Uint8Array>>>} */
const MAKERS = {
    "inversion, deepsim cpu, 1 thread": () => deepsim("invert", "cpu", 1),
    "inversion, deepsim cpu, 1 thread, fused": () => deepsim("invert", "cpu-threads-relaxed", 1),
    "inversion, deepsim cpu, threads": () => deepsim("invert", "cpu-threads-relaxed", navigator.hardwareConcurrency),
    "inversion, deepsim webgpu": () => deepsim("invert", "webgpu", 1),
    "inversion, onnxruntime-web wasm, 1 thread": () => onnxruntime("wasm", 1),
    "inversion, onnxruntime-web wasm, threads": () => onnxruntime("wasm", navigator.hardwareConcurrency),
    "inversion, onnxruntime-web webgpu": () => onnxruntime("webgpu", 1),
    "enlarge, deepsim cpu, 1 thread": () => deepsim("enlarge", "cpu", 1),
    "enlarge, deepsim cpu, 1 thread, fused": () => deepsim("enlarge", "cpu-threads-relaxed", 1),
    "enlarge, deepsim cpu, threads": () => deepsim("enlarge", "cpu-threads-relaxed", navigator.hardwareConcurrency),
    "enlarge, deepsim webgpu": () => deepsim("enlarge", "webgpu", 1),
    "enlarge, UpscalerJS esrgan-slim, tfjs wasm, 1 thread": () => upscalerJs("wasm", 1),
    "enlarge, UpscalerJS esrgan-slim, tfjs wasm, threads": () => upscalerJs("wasm", navigator.hardwareConcurrency),
    "enlarge, UpscalerJS esrgan-slim, tfjs webgpu": () => upscalerJs("webgpu", 1),
    "style, deepsim cpu, 1 thread": () => deepsim("restyle", "cpu", 1),
    "style, deepsim cpu, 1 thread, fused": () => deepsim("restyle", "cpu-threads-relaxed", 1),
    "style, deepsim cpu, threads": () => deepsim("restyle", "cpu-threads-relaxed", navigator.hardwareConcurrency),
    "style, deepsim webgpu": () => deepsim("restyle", "webgpu", 1),
    "style, arbitrary-image-stylization separable, tfjs wasm, 1 thread": () => styleTransformer("wasm", 1),
    "style, arbitrary-image-stylization separable, tfjs wasm, threads": () => styleTransformer("wasm", navigator.hardwareConcurrency),
    "style, arbitrary-image-stylization separable, tfjs webgpu": () => styleTransformer("webgpu", 1),
    "training step, deepsim cpu, 1 thread": () => deepsim("train", "train", 1),
    "training step, deepsim cpu, 1 thread, fused": () => deepsim("train", "train-threads-relaxed", 1),
    "training step, deepsim cpu, threads": () => deepsim("train", "train-threads-relaxed", navigator.hardwareConcurrency),
    "training step, deepsim webgpu": () => deepsim("train", "webgpu", 1),
    "training step, tfjs cpu": () => trainingStep("cpu", 1),
    "training step, tfjs wasm": () => trainingStep("wasm", navigator.hardwareConcurrency),
    "training step, tfjs webgpu": () => trainingStep("webgpu", 1),
};

/** @type {Record<string, () => Promise<Uint8Array>>} */
const peers = {};

/** Makes a peer ready and returns what it makes. @param {string} name */
async function prepare(name) {
    peers[name] = await MAKERS[name]();
    return Array.from(await peers[name]());
}

/** Milliseconds of the work. @param {string} name */
async function once(name) {
    const begun = performance.now();
    await peers[name]();
    return performance.now() - begun;
}

Object.assign(window, { prepare, once, upscaleFile, isolated: crossOriginIsolated });
