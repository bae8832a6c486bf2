// @ts-check
// The work by libraries that stand on TensorFlow.js: UpscalerJS, and the transformer of arbitrary-image-stylization-tfjs.

import { rgbaOf } from "./picture.js";

/** Loads a script that defines a global. @param {string} url */
const script = (url) => new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    Object.assign(tag, { src: url, onload: resolve, onerror: () => reject(new Error(url)) });
    document.head.append(tag);
});

/** Starts TensorFlow.js on a backend. @param {string} backend @param {number} threads */
export async function tensorflow(backend, threads) {
    await script("./tfjs/tf.min.js");
    // The processor without wasm is in TensorFlow.js itself.
    if (backend !== "cpu") await script(`./tfjs/tf-backend-${backend}.min.js`);
    const tf = /** @type {any} */ (window).tf;
    if (backend === "wasm") {
        tf.wasm.setWasmPaths(new URL("./tfjs/", import.meta.url).href);
        tf.wasm.setThreadsCount(threads);
    }
    if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no ${backend} here`);
    await tf.ready();
    return tf;
}

/** The picture as a tensor [height, width, 3] of 0 to 255. @param {any} tf @param {ArrayLike<number>} rgba @param {number} width @param {number} height */
function tensorOf(tf, rgba, width, height) {
    return tf.tensor3d(Float32Array.from({ length: 3 * width * height }, (_, at) => rgba[4 * Math.floor(at / 3) + (at % 3)]), [height, width, 3]);
}

/** RGBA bytes of a tensor [height, width, 3] of 0 to 255. @param {any} tensor */
async function rgbaFrom(tensor) {
    const values = await tensor.data();
    const rgba = new Uint8Array((values.length / 3) * 4).fill(255);
    for (let at = 0; at < values.length; at++) rgba[4 * Math.floor(at / 3) + (at % 3)] = Math.max(0, Math.min(255, Math.round(values[at])));
    return rgba;
}

/** Returns what enlarges a tensor four times. @param {any} tf @param {"slim" | "medium"} size */
async function upscalerOf(tf, size) {
    const folder = `./upscaler/esrgan-${size}`;
    await script("./upscaler/upscaler.min.js");
    await script(`${folder}.js`);
    const { Upscaler, ESRGANSlim4x, ESRGANMedium4x } = /** @type {any} */ (window);
    const model = size === "slim" ? ESRGANSlim4x : ESRGANMedium4x;
    const upscaler = new Upscaler({ model: { ...model, path: new URL(`${folder}/model.json`, import.meta.url).href } });
    return (/** @type {any} */ picture) => upscaler.upscale(picture, { output: "tensor" });
}

/** Enlarges 128 x 128 pixels four times. @param {string} backend @param {number} threads */
export async function upscalerJs(backend, threads) {
    const tf = await tensorflow(backend, threads);
    const upscale = await upscalerOf(tf, "slim");
    const picture = tensorOf(tf, rgbaOf(128), 128, 128);
    return async () => {
        const large = await upscale(picture);
        const rgba = await rgbaFrom(large);
        large.dispose();
        return rgba;
    };
}

/** TensorFlow.js and an upscaler on it, started once. @type {Map<string, Promise<[any, (picture: any) => Promise<any>]>>} */
const started = new Map();

/** @param {"slim" | "medium"} size @returns {Promise<[any, (picture: any) => Promise<any>]>} */
async function start(size) {
    const tf = await tensorflow("wasm", 1);
    return [tf, await upscalerOf(tf, size)];
}

/** Enlarges a picture file and returns a PNG, both as data URLs. @param {"slim" | "medium"} size @param {string} url */
export async function upscaleFile(size, url) {
    started.set(size, started.get(size) ?? start(size));
    const [tf, upscale] = /** @type {[any, (picture: any) => Promise<any>]} */ (await started.get(size));
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = document.createElement("canvas");
    const { width, height } = Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    const large = await upscale(tensorOf(tf, context.getImageData(0, 0, width, height).data, width, height));
    const pixels = new Uint8ClampedArray(await rgbaFrom(large));
    large.dispose();
    Object.assign(canvas, { width: 4 * width, height: 4 * height });
    context.putImageData(new ImageData(pixels, 4 * width), 0, 0);
    return canvas.toDataURL("image/png");
}

/** Paints 256 x 256 pixels in one style, whose vector is given: predicting it from a painting is not counted. @param {string} backend @param {number} threads */
export async function styleTransformer(backend, threads) {
    const tf = await tensorflow(backend, threads);
    const network = await tf.loadGraphModel(new URL("./style/model.json", import.meta.url).href);
    const picture = tf.tidy(() => tensorOf(tf, rgbaOf(256), 256, 256).div(255).expandDims());
    const style = tf.zeros([1, 1, 1, 100]);
    return async () => {
        const painted = tf.tidy(() => network.predict([picture, style]).squeeze().mul(255));
        const rgba = await rgbaFrom(painted);
        painted.dispose();
        return rgba;
    };
}
