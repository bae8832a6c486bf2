// @ts-check
// The worker's side of the view Generate: commands.js describes the arguments.

import { failingAs } from "../common/failure.js";
import { pixelsBelow } from "../worker/pixels.js";
import { bitmapIn, wasm, wasmLibrary, withModel } from "../worker/session.js";

/** Autoencoders that are on the device. @type {Map<string, {side: number, size: number}>} */
const autoencoders = new Map();
/** Codes of the visitor's picture, by autoencoder; another picture clears them. @type {Map<string, Float32Array>} */
const encoded = new Map();

/** LAPGANs that are on the device. @type {Map<string, {sides: number[], classes: string[]}>} */
const pyramids = new Map();

/** Puts a LAPGAN on the device. @param {string} name */
async function loadPyramid(name) {
    let about = pyramids.get(name);
    if (!about) {
        await withModel(name, (bytes) => wasm().loadPyramid(name, bytes));
        about = /** @type {{sides: number[], classes: string[]}} */ (JSON.parse(wasm().aboutPyramid(name)));
        pyramids.set(name, about);
    }
    return about;
}

/** Puts an autoencoder on the device. @param {string} name */
async function load(name) {
    let about = autoencoders.get(name);
    if (!about) {
        await withModel(name, (bytes) => wasm().loadGenerator(name, bytes));
        about = /** @type {{side: number, size: number}} */ (JSON.parse(wasm().aboutGenerator(name)));
        autoencoders.set(name, about);
    }
    return about;
}

/**
 * The code of a cell of a sheet, or of a slot's picture.
 * @param {string} name @param {{slot: string} | {seed: number, place: number, again: number}} end
 */
async function codeOf(name, end) {
    if (!("slot" in end)) {
        await load(name);
        return wasm().drawCode(name, end.seed, end.place, end.again);
    }
    const kept = encoded.get(name);
    if (kept) return kept;
    await load(name);
    const code = await wasm().encode(name, end.slot);
    encoded.set(name, code);
    return code;
}

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    about: ({ name }) => load(name),
    async square({ slot, side }) {
        const bitmap = bitmapIn(slot);
        const size = Math.min(bitmap.width, bitmap.height);
        const crop = { left: (bitmap.width - size) / 2, top: (bitmap.height - size) / 2, size };
        const { bytes, width, height, left, top } = await failingAs("too-big", () => pixelsBelow(bitmap, crop));
        wasm().putPicture(slot, bytes, width, height, left, top, size, side);
        encoded.clear();
    },
    async draw({ name, cells }) {
        const { side, size } = await load(name);
        const codes = new Float32Array(cells.length * size);
        for (const [index, cell] of cells.entries()) codes.set(wasm().drawCode(name, cell.seed, cell.place, cell.again), index * size);
        return { rgba: await wasm().generate(name, codes), side };
    },
    "about-pyramid": ({ name }) => loadPyramid(name),
    async "draw-pyramids"({ name, seed, cells, class: of }) {
        const { sides } = await loadPyramid(name);
        const places = new Uint32Array(cells.map((/** @type {{place: number}} */ { place }) => place));
        const again = new Uint32Array(cells.flatMap((/** @type {{again: number[]}} */ { again: counts }) => sides.map((_, level) => counts[level] ?? 0)));
        return { rgba: await wasm().drawPyramids(name, seed, places, again, of), side: sides[sides.length - 1] };
    },
    async "draw-levels"({ name, seed, place, again, class: of }) {
        const { sides } = await loadPyramid(name);
        const bytes = await wasm().drawLevels(name, seed, place, new Uint32Array(sides.map((_, level) => again[level] ?? 0)), of);
        let at = 0;
        return {
            levels: sides.map((side, level) => ({
                side,
                pictures: Array.from({ length: level ? 3 : 1 }, () => bytes.slice(at, (at += side * side * 4))),
            })),
        };
    },
    async move({ name, from, to, share, moves }) {
        const { side } = await load(name);
        const start = await codeOf(name, from);
        const between = share > 0 ? wasmLibrary().walkCode(start, await codeOf(name, to), share) : start;
        return { rgba: await wasm().generate(name, wasm().moveCode(name, between, new Float32Array(moves))), side };
    },
};
