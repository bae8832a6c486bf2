// @ts-check
// Files -> bitmaps, with the browser's own decoders.

/** Why a file is no picture; `kind` names the page's sentence. */
export class NotDecoded extends Error {
    /** @param {string} kind @param {string} message */
    constructor(kind, message) {
        super(message);
        this.kind = kind;
    }
}

/** First bytes of the formats that browsers decode: JPEG, PNG, GIF, WebP and other RIFF, BMP; AVIF and HEIC have `ftyp` at 4. */
const BEGINNINGS = [[0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47], [0x47, 0x49, 0x46], [0x52, 0x49, 0x46, 0x46], [0x42, 0x4d]];

/** @param {Blob} file */
async function looksLikeAPicture(file) {
    const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const begins = BEGINNINGS.some((beginning) => beginning.every((byte, index) => bytes[index] === byte));
    return begins || String.fromCharCode(...bytes.slice(4, 8)) === "ftyp";
}

/**
 * Decodes a file, EXIF's orientation applied. Colours and transparency stay as the file has them, so that the numbers are the
 * ones that `trainer` reads.
 * @param {Blob} file
 * @returns {Promise<ImageBitmap>}
 */
export async function decode(file) {
    const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
    try {
        return await createImageBitmap(file, /** @type {ImageBitmapOptions} */ (options));
    } catch (cause) {
        const name = file instanceof File ? file.name : "the pasted file";
        throw new NotDecoded((await looksLikeAPicture(file)) ? "not-decoded" : "not-a-picture", name);
    }
}
