// @ts-check
// One inversion at 224 by the page's own wasm and by onnxruntime-web, for `cargo xtask bench --peers`, which calls `prepare` and
// `once` in turns.

import init, { Session } from "../deepsim-web.js";

const SIDE = 224;
const AREA = SIDE * SIDE;

/** RGBA bytes of a picture with edges and slopes. */
const rgba = new Uint8Array(4 * AREA);
/** The same as floats in [-1, 1], channel by channel. */
const floats = new Float32Array(3 * AREA);
for (let at = 0; at < AREA; at++) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    const pixel = [x, y, (x >> 4) ^ (y >> 4) ? 40 : 200];
    for (let channel = 0; channel < 3; channel++) {
        rgba[4 * at + channel] = pixel[channel];
        floats[channel * AREA + at] = pixel[channel] / 127.5 - 1;
    }
    rgba[4 * at + 3] = 255;
}

/** @type {Record<string, () => Promise<Uint8Array>>} */
const peers = {};

/** @param {string} url */
const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** @param {boolean} webgpu */
async function deepsim(webgpu) {
    await init();
    const session = await Session.open(webgpu);
    session.load(await bytes("../models/squeezenet.safetensors"), await bytes("../models/fire5.safetensors"));
    return async () => {
        const result = await session.invert(rgba, SIDE, SIDE, SIDE);
        const { inversion } = result;
        result.free();
        return inversion;
    };
}

/** @param {string} provider @param {number} threads */
async function onnxruntime(provider, threads) {
    const ort = await import(provider === "webgpu" ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs");
    ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
    ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create(await bytes("inversion.onnx"), { executionProviders: [provider] });
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    return async () => {
        const results = await session.run({ [input]: new ort.Tensor("float32", floats, [1, 3, SIDE, SIDE]) });
        const picture = await results[output].getData();
        const inversion = new Uint8Array(4 * AREA);
        for (let at = 0; at < AREA; at++) {
            for (let channel = 0; channel < 3; channel++) {
                const value = Math.round((picture[channel * AREA + at] + 1) * 127.5);
                inversion[4 * at + channel] = Math.max(0, Math.min(255, value));
            }
            inversion[4 * at + 3] = 255;
        }
        return inversion;
    };
}

const makers = {
    "deepsim cpu": () => deepsim(false),
    "deepsim webgpu": () => deepsim(true),
    "onnxruntime-web wasm, 1 thread": () => onnxruntime("wasm", 1),
    "onnxruntime-web wasm, threads": () => onnxruntime("wasm", navigator.hardwareConcurrency),
    "onnxruntime-web webgpu": () => onnxruntime("webgpu", 1),
};

/** Makes a peer ready and returns its inversion. @param {keyof typeof makers} name */
async function prepare(name) {
    peers[name] = await makers[name]();
    return Array.from(await peers[name]());
}

/** Milliseconds of one inversion. @param {string} name */
async function once(name) {
    const begun = performance.now();
    await peers[name]();
    return performance.now() - begun;
}

Object.assign(window, { prepare, once, isolated: crossOriginIsolated });
