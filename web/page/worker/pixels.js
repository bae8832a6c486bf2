// @ts-check
// Files -> bitmaps -> pixels, in the worker, with the browser's own decoders.

import { Failure } from "../common/failure.js";

/** Pixels of the largest picture that is taken: 50 megapixels are 200 MB as RGBA. */
const MOST_PIXELS = 50e6;
/** Longer side of the small copy that the page crops on. */
const PREVIEW = 640;

/** First bytes of the formats that browsers decode: JPEG, PNG, GIF, WebP and other RIFF, BMP; AVIF and HEIC have `ftyp` at 4. */
const BEGINNINGS = [[0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47], [0x47, 0x49, 0x46], [0x52, 0x49, 0x46, 0x46], [0x42, 0x4d]];

/** What browsers that cannot decode a format are told of it, by the brand after `ftyp` or the first bytes. @type {[RegExp, string][]} */
const KNOWN = [[/^....ftyp(hei|hev|mif1)/s, "heic"], [/^....ftypavi/s, "avif"], [/^(II\*\0|MM\0\*)/s, "tiff"]];

/** Returns the kind of failure of a file that could not be decoded. @param {Blob} file */
async function failureOf(file) {
    const beginning = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    const known = KNOWN.find(([pattern]) => pattern.test(beginning));
    if (known) return known[1];
    return (await looksLikeAPicture(file)) ? "not-decoded" : "not-a-picture";
}

/** @param {Blob} file */
async function looksLikeAPicture(file) {
    const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const begins = BEGINNINGS.some((beginning) => beginning.every((byte, index) => bytes[index] === byte));
    return begins || String.fromCharCode(...bytes.slice(4, 8)) === "ftyp";
}

/**
 * Decodes a file, EXIF's orientation applied; of an animation the first frame. Colours and transparency stay as the file has them, so
 * that the numbers are the ones that `trainer` reads.
 * @param {Blob} file @param {string} name
 * @returns {Promise<ImageBitmap>}
 */
export async function decode(file, name) {
    let bitmap;
    try {
        bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" });
    } catch {
        throw new Failure(await failureOf(file), name);
    }
    const { width, height } = bitmap;
    if (width * height <= MOST_PIXELS) return bitmap;
    bitmap.close();
    throw new Failure("too-big", `${width} x ${height}`);
}

/** A small copy to crop on. @param {ImageBitmap} bitmap */
export function preview(bitmap) {
    const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
    const size = (/** @type {number} */ length) => Math.max(1, Math.round(length * scale));
    return createImageBitmap(bitmap, { resizeWidth: size(bitmap.width), resizeHeight: size(bitmap.height), resizeQuality: "medium" });
}

/** The RGBA bytes of a part of a bitmap. @param {ImageBitmap} bitmap @param {number} x @param {number} y @param {number} width @param {number} height */
export function pixelsOf(bitmap, x, y, width, height) {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    if (!context) throw new Failure("too-big", `${bitmap.width} x ${bitmap.height}`);
    context.drawImage(bitmap, -x, -y);
    // A view, not a copy: wasm copies the bytes in once.
    return new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
}

/**
 * The pixels below a square of fractional edges: whole pixels that hold it, and where in them it lies.
 * @param {ImageBitmap} bitmap @param {{left: number, top: number, size: number}} crop in pixels
 */
export function pixelsBelow(bitmap, { left, top, size }) {
    const x = Math.max(0, Math.floor(left));
    const y = Math.max(0, Math.floor(top));
    const width = Math.min(bitmap.width, Math.ceil(left + size)) - x;
    const height = Math.min(bitmap.height, Math.ceil(top + size)) - y;
    return { bytes: pixelsOf(bitmap, x, y, width, height), width, height, left: left - x, top: top - y, size };
}
