// @ts-check
// The worker's side of the commands that every view may use: common/commands.js describes them.

import { loseDevice } from "./device.js";
import { decode, preview } from "./pixels.js";
import { keepBitmap, loadEncoder, memoryInUse, start, wasm } from "./session.js";

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    start,
    async decode({ slot, file, name }) {
        const bitmap = await decode(file, name);
        const picture = keepBitmap(slot, bitmap);
        return { picture, width: bitmap.width, height: bitmap.height, preview: await preview(bitmap) };
    },
    memory: memoryInUse,
    async activations({ url, side }) {
        await loadEncoder();
        const response = await fetch(new URL(`../${url}`, import.meta.url));
        return wasm().activations(new Uint8Array(await response.arrayBuffer()), side);
    },
    "lose-device": loseDevice,
};
