// @ts-check
// The worker's side of the view Enlarge: commands.js describes the arguments.

import { failingAs } from "../common/failure.js";
import { pixelsOf } from "../worker/pixels.js";
import { bitmapIn, keepBitmap, wasm, withModel } from "../worker/session.js";

/** Upscalers that are on the device. @type {Set<string>} */
const loaded = new Set();

/** Puts an upscaler on the device. @param {string} name */
async function load(name) {
    if (loaded.has(name)) return;
    await withModel(name, (bytes) => wasm().loadUpscaler(name, bytes));
    loaded.add(name);
}

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    async shrink({ slot, side }) {
        const bitmap = bitmapIn(slot);
        const scale = side / Math.max(bitmap.width, bitmap.height);
        const length = (/** @type {number} */ whole) => Math.max(1, Math.round(whole * scale));
        const small = await createImageBitmap(bitmap, { resizeWidth: length(bitmap.width), resizeHeight: length(bitmap.height), resizeQuality: "high" });
        return { picture: keepBitmap(slot, small), width: small.width, height: small.height };
    },
    async tiles({ name, slot }) {
        await load(name);
        const { width, height } = bitmapIn(slot);
        return JSON.parse(wasm().tiles(name, width, height));
    },
    async enlarge({ name, slot, picture, tile, plain }) {
        await load(name);
        const { seen_columns: columns, seen_rows: rows } = tile;
        const seen = await failingAs("too-big", () => pixelsOf(bitmapIn(slot, picture), columns.start, rows.start, columns.end - columns.start, rows.end - rows.start));
        const rgba = await wasm().enlargeTile(name, seen, JSON.stringify(tile), plain);
        return { rgba, width: 4 * (tile.columns.end - tile.columns.start), height: 4 * (tile.rows.end - tile.rows.start) };
    },
};
