// @ts-check
// The same work by the page's own wasm and by other libraries, for `cargo xtask bench --peers`, which calls `prepare` and `once` in turns.

import { deepsimEnlarge, deepsimInvert, deepsimRestyle } from "./deepsim.js";
import { onnxruntime } from "./onnxruntime.js";
import { styleTransformer, upscaleFile, upscalerJs } from "./tfjs.js";

/** What makes a peer ready: returns a function that does the work once and returns RGBA bytes. @type {Record<string, () => Promise<() => Promise<Uint8Array>>>} */
const MAKERS = {
    "inversion, deepsim cpu": () => deepsimInvert(false),
    "inversion, deepsim webgpu": () => deepsimInvert(true),
    "inversion, onnxruntime-web wasm, 1 thread": () => onnxruntime("wasm", 1),
    "inversion, onnxruntime-web wasm, threads": () => onnxruntime("wasm", navigator.hardwareConcurrency),
    "inversion, onnxruntime-web webgpu": () => onnxruntime("webgpu", 1),
    "enlarge, deepsim cpu": () => deepsimEnlarge(false),
    "enlarge, deepsim webgpu": () => deepsimEnlarge(true),
    "enlarge, UpscalerJS esrgan-slim, tfjs wasm, 1 thread": () => upscalerJs("wasm", 1),
    "enlarge, UpscalerJS esrgan-slim, tfjs wasm, threads": () => upscalerJs("wasm", navigator.hardwareConcurrency),
    "enlarge, UpscalerJS esrgan-slim, tfjs webgpu": () => upscalerJs("webgpu", 1),
    "style, deepsim cpu": () => deepsimRestyle(false),
    "style, deepsim webgpu": () => deepsimRestyle(true),
    "style, arbitrary-image-stylization separable, tfjs wasm, 1 thread": () => styleTransformer("wasm", 1),
    "style, arbitrary-image-stylization separable, tfjs wasm, threads": () => styleTransformer("wasm", navigator.hardwareConcurrency),
    "style, arbitrary-image-stylization separable, tfjs webgpu": () => styleTransformer("webgpu", 1),
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
