// @ts-check
// The inversion at 224 by onnxruntime-web, with the same weights.

import { bytes, rgbaOf } from "./picture.js";

const SIDE = 224;
const AREA = SIDE * SIDE;

/** @param {string} provider @param {number} threads */
export async function onnxruntime(provider, threads) {
    const ort = await import(provider === "webgpu" ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs");
    ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
    ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create(await bytes("inversion.onnx"), { executionProviders: [provider] });
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    const rgba = rgbaOf(SIDE);
    const floats = Float32Array.from({ length: 3 * AREA }, (_, at) => rgba[4 * (at % AREA) + Math.floor(at / AREA)] / 127.5 - 1);
    return async () => {
        const results = await session.run({ [input]: new ort.Tensor("float32", floats, [1, 3, SIDE, SIDE]) });
        const picture = await results[output].getData();
        const inversion = new Uint8Array(4 * AREA).fill(255);
        for (let at = 0; at < 3 * AREA; at++) {
            inversion[4 * (at % AREA) + Math.floor(at / AREA)] = Math.max(0, Math.min(255, Math.round((picture[at] + 1) * 127.5)));
        }
        return inversion;
    };
}
