// @ts-check
// The worker's side of the view Restyle: commands.js describes the arguments.

import { Failure, failingAs } from "../common/failure.js";
import { pixelsOf } from "../worker/pixels.js";
import { bitmapIn, wasm, withModel } from "../worker/session.js";

/** The styles of each network that is on the device. @type {Map<string, string[]>} */
const loaded = new Map();

/** Puts a style network on the device and returns its styles. @param {string} name @returns {Promise<string[]>} */
async function load(name) {
    const known = loaded.get(name);
    if (known) return known;
    const styles = JSON.parse(await withModel(name, (bytes) => wasm().loadStylist(name, bytes)));
    loaded.set(name, styles);
    return styles;
}

/** RGBA bytes of a whole bitmap. @param {ImageBitmap} bitmap */
const allPixels = (bitmap) => failingAs("too-big", () => pixelsOf(bitmap, 0, 0, bitmap.width, bitmap.height));

/** RGBA bytes of a bitmap at another size. @param {ImageBitmap} bitmap @param {number} width @param {number} height */
async function resizedPixels(bitmap, width, height) {
    if (bitmap.width === width && bitmap.height === height) return allPixels(bitmap);
    const resized = await failingAs("too-big", () => createImageBitmap(bitmap, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" }));
    const pixels = await allPixels(resized);
    resized.close();
    return pixels;
}

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    styles: ({ name }) => load(name),
    async restyle({ name, slot, picture, width, height, weights }) {
        await load(name);
        const original = await resizedPixels(bitmapIn(slot, picture), width, height);
        const rgba = await wasm().restyle(name, original, width, height, Float32Array.from(weights));
        return { rgba, width, height, original };
    },
    async frame({ name, frame, weights }) {
        await load(name);
        const { width, height } = frame;
        const original = await allPixels(frame);
        frame.close();
        const rgba = await wasm().restyle(name, original, width, height, Float32Array.from(weights));
        return { rgba, width, height, original };
    },
    async paint({ name, slot, picture, width, height, weights }) {
        await load(name);
        wasm().beginPainting(name, await resizedPixels(bitmapIn(slot, picture), width, height), width, height, Float32Array.from(weights));
        return {};
    },
    async "paint-step"() {
        const painted = await wasm().paintStep();
        if (!painted) return {};
        const { done, of, first, rgba } = painted;
        painted.free();
        if (!(of > 0)) throw new Failure("unexpected", "a painting without steps");
        return { done, of, first, rgba };
    },
    async "paint-end"() {
        wasm().endPainting();
        return {};
    },
};
