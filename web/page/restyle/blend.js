// @ts-check
// A painting mixed with its photo.

import { make } from "../common/dom.js";

/** A painting and the photo of the same size, as RGBA bytes. @typedef {{rgba: Uint8Array, original: Uint8Array, width: number, height: number}} Pair */

/** A canvas with these pixels. @param {Uint8Array} rgba @param {number} width @param {number} height */
function canvasOf(rgba, width, height) {
    const canvas = make("canvas", { width, height });
    const pixels = new Uint8ClampedArray(/** @type {ArrayBuffer} */ (rgba.buffer), rgba.byteOffset, rgba.byteLength);
    canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
    return canvas;
}

/** Draws a pair: `share` of the painting, the rest of the photo; `keepColours`: hue and saturation of the photo, brightness of the painting. @param {HTMLCanvasElement} canvas @param {Pair} pair @param {number} share @param {boolean} keepColours */
export function blend(canvas, { rgba, original, width, height }, share, keepColours) {
    blendImages(canvas, canvasOf(rgba, width, height), canvasOf(original, width, height), share, keepColours);
}

/** The same with images of any kind. @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} painting @param {CanvasImageSource} photo @param {number} share @param {boolean} keepColours */
export function blendImages(canvas, painting, photo, share, keepColours) {
    const { width, height } = painting;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    if (!context) return;
    context.globalCompositeOperation = "copy";
    context.globalAlpha = 1;
    context.drawImage(photo, 0, 0, width, height);
    context.globalCompositeOperation = keepColours ? "luminosity" : "source-over";
    context.globalAlpha = share;
    context.drawImage(painting, 0, 0);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
}
