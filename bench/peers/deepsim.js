// @ts-check
// The work by the page's own wasm.

import init, { Session } from "../deepsim-web.js";
import { bytes, rgbaOf } from "./picture.js";

/** @param {string} name */
const model = (name) => bytes(`../models/${name}.safetensors`);

/** @param {boolean} webgpu */
async function open(webgpu) {
    await init();
    return Session.open(webgpu);
}

/** Inverts fire5 of a picture of 224 pixels, from its pixels on. @param {boolean} webgpu */
export async function deepsimInvert(webgpu) {
    const session = await open(webgpu);
    session.load(await model("squeezenet"));
    session.loadInverter("fire5", await model("fire5"));
    const side = 224;
    const rgba = rgbaOf(side);
    return async () => {
        session.putPicture("a", rgba, side, side, 0, 0, side, side);
        await session.analyse("a");
        return session.invert("fire5", "a", "{}");
    };
}

/** Enlarges 128 x 128 pixels four times. @param {boolean} webgpu */
export async function deepsimEnlarge(webgpu) {
    const session = await open(webgpu);
    session.loadUpscaler("enlarge", await model("enlarge-image"));
    const [tile] = JSON.parse(session.tiles("enlarge", 128, 128));
    const rgba = rgbaOf(128);
    return () => session.enlargeTile("enlarge", rgba, JSON.stringify(tile), false);
}

/** Paints 256 x 256 pixels. @param {boolean} webgpu */
export async function deepsimRestyle(webgpu) {
    const session = await open(webgpu);
    const styles = JSON.parse(session.loadStylist("styles", await model("styles")));
    const weights = Float32Array.from(styles, (_, index) => (index ? 0 : 1));
    const rgba = rgbaOf(256);
    return () => session.restyle("styles", rgba, 256, 256, weights);
}
