// @ts-check
// The worker's side of the view Generate: commands.js describes the arguments.

import { failingAs } from "../common/failure.js";
import { pixelsBelow } from "../worker/pixels.js";
import { bitmapIn, wasm, wasmLibrary, withModel } from "../worker/session.js";

/** Autoencoders that are on the device. @type {Map<string, {side: number, size: number}>} */
const autoencoders = new Map();
/** Codes of the visitor's picture, by autoencoder; another picture clears them. @type {Map<string, Float32Array>} */
const encoded = new Map();

/** @typedef {{place: number, code: number, again: number[]}} DetailCell */

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

/** The codes of cells, one after the other. @param {string} name @param {{seed: number, place: number, again: number}[]} cells */
async function codesOf(name, cells) {
    const { size } = await load(name);
    const codes = new Float32Array(cells.length * size);
    for (const [index, cell] of cells.entries()) codes.set(wasm().drawCode(name, cell.seed, cell.place, cell.again), index * size);
    return codes;
}

/**
 * The code between two ends, moved along directions.
 * @param {{name: string, from: any, to: any, share: number, moves: number[]}} way
 */
async function codeBetween({ name, from, to, share, moves }) {
    const start = await codeOf(name, from);
    const between = share > 0 ? wasmLibrary().walkCode(start, await codeOf(name, to), share) : start;
    return wasm().moveCode(name, between, new Float32Array(moves));
}

/** Splits the bytes of levels: of the first there is one picture, of the others three. @param {number[]} sides @param {Uint8Array} bytes */
function levelsIn(sides, bytes) {
    let at = 0;
    return sides.map((side, level) => ({ side, pictures: Array.from({ length: level ? 3 : 1 }, () => bytes.slice(at, (at += side * side * 4))) }));
}

/** A LAPGAN's counts of redraws, one for each level. @param {number[]} sides @param {number[]} counts */
const countsOf = (sides, counts) => new Uint32Array(sides.map((_, level) => counts[level] ?? 0));

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
        const { side } = await load(name);
        return { rgba: await wasm().generate(name, await codesOf(name, cells)), side };
    },
    "about-pyramid": ({ name }) => loadPyramid(name),
    async "draw-pyramids"({ name, seed, cells, class: of }) {
        const { sides } = await loadPyramid(name);
        const places = new Uint32Array(cells.map((/** @type {{place: number}} */ { place }) => place));
        const again = new Uint32Array(cells.flatMap((/** @type {{again: number[]}} */ { again: counts }) => [...countsOf(sides, counts)]));
        return { rgba: await wasm().drawPyramids(name, seed, places, again, of), side: sides[sides.length - 1] };
    },
    async "draw-levels"({ name, seed, place, again, class: of }) {
        const { sides } = await loadPyramid(name);
        return { levels: levelsIn(sides, await wasm().drawLevels(name, seed, place, countsOf(sides, again), of)) };
    },
    async "draw-detail"({ name, autoencoder, seed, cells }) {
        const { sides } = await loadPyramid(name);
        const codes = await codesOf(autoencoder, cells.map((/** @type {DetailCell} */ { place, code }) => ({ seed, place, again: code })));
        const places = new Uint32Array(cells.map((/** @type {DetailCell} */ { place }) => place));
        const again = new Uint32Array(cells.flatMap((/** @type {DetailCell} */ { again: counts }) => [...countsOf(sides, counts)]));
        return { rgba: await wasm().drawDetail(name, autoencoder, codes, seed, places, again), side: sides[sides.length - 1] };
    },
    async "draw-detail-levels"({ name, autoencoder, seed, cell }) {
        const { sides } = await loadPyramid(name);
        const code = await codesOf(autoencoder, [{ seed, place: cell.place, again: cell.code }]);
        return { levels: levelsIn(sides.slice(-2), await wasm().drawDetailLevels(name, autoencoder, code, seed, cell.place, countsOf(sides, cell.again))) };
    },
    async move(way) {
        const { side } = await load(way.name);
        return { rgba: await wasm().generate(way.name, await codeBetween(/** @type {any} */ (way))), side };
    },
    async "move-detail"({ name, autoencoder, from, to, share, moves, seed, place }) {
        const { sides } = await loadPyramid(name);
        const code = await codeBetween({ name: autoencoder, from, to, share, moves });
        return { rgba: await wasm().drawDetail(name, autoencoder, code, seed, new Uint32Array([place]), countsOf(sides, [])), side: sides[sides.length - 1] };
    },
};
