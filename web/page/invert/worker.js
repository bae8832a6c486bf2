// @ts-check
// The worker's side of the view Invert: commands.js describes the arguments.

import { failingAs } from "../common/failure.js";
import { pixelsBelow, pixelsOf } from "../worker/pixels.js";
import { addInverter, bitmapIn, loadEncoder, loadInverter, wasm, wasmLibrary } from "../worker/session.js";

/**
 * Puts a square of a decoded picture into a slot of the wasm session.
 * @param {string} slot @param {number} picture @param {{left: number, top: number, size: number}} crop @param {number} side
 */
async function put(slot, picture, crop, side) {
    const { bytes, width, height, left, top, size } = await failingAs("too-big", () => pixelsBelow(bitmapIn(slot, picture), crop));
    wasm().putPicture(slot, bytes, width, height, left, top, size, side);
}

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    layers: ({ side }) => JSON.parse(wasmLibrary().layers(side)),
    async first({ slot, picture, crop, side }) {
        await put(slot, picture, crop, side);
        return { rgba: await wasm().invertFirst(slot), side, original: wasm().square(slot) };
    },
    async cut({ slot, picture, crop, side }) {
        await put(slot, picture, crop, side);
        await loadEncoder();
        const rgba = await wasm().analyse(slot);
        const { classes, probabilities } = await wasm().classes(slot);
        return { rgba, side, classes: [...classes], probabilities: [...probabilities] };
    },
    async live({ name, frame }) {
        await loadInverter(name);
        const side = frame.width;
        const original = await failingAs("too-big", () => pixelsOf(frame, 0, 0, side, side));
        frame.close();
        const rgba = await wasm().invertPicture(name, original, side);
        return { rgba, side: Math.sqrt(rgba.length / 4), original, originalSide: side };
    },
    async invert({ name, slot, operation }) {
        await loadInverter(name);
        const rgba = await wasm().invert(name, slot, JSON.stringify(operation ?? {}));
        return { rgba, side: wasm().sideOf(name, slot) };
    },
    async "add-inverter"({ name, file }) {
        await failingAs("not-a-model", () => addInverter(name, file));
        return { layer: wasm().layerOf(name) };
    },
    async judge({ name, slot, rgba, side, plain }) {
        const { pictureError, featureError, classes, probabilities } = await wasm().judge(name, slot, rgba, side, plain);
        return { pictureError, featureError, classes: [...classes], probabilities: [...probabilities] };
    },
    async reencode({ name, slot }) {
        await loadInverter(name);
        const { rgba, featureError } = await wasm().reencode(name, slot);
        return { rgba, featureError, side: wasm().sideOf(name, slot) };
    },
    async channels({ name, slot, count }) {
        await loadInverter(name);
        const { grid, channels, shares, maps } = await wasm().channels(name, slot, count);
        return { grid, channels: [...channels], shares: [...shares], maps };
    },
    async "begin-to-refine"({ name, slot, rgba, side }) {
        await loadInverter(name);
        wasm().beginToRefine(name, slot, rgba, side);
    },
    async refine({ steps, rate }) {
        const { rgba, featureError } = await wasm().refine(steps, rate);
        return { rgba, featureError };
    },
    async "begin-to-dream"({ name, slot, class: wanted, noise }) {
        await loadInverter(name);
        wasm().beginToDream(name, slot, wanted, noise);
    },
    async dream({ steps, rate, name, slot }) {
        const { rgba, probability } = await wasm().dream(steps, rate);
        return { rgba, probability, side: wasm().sideOf(name, slot) };
    },
    animate: ({ frames, side, milliseconds }) => wasmLibrary().animation(frames, side, milliseconds),
};
