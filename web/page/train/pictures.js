// @ts-check
// The pictures that a run learns from: the built-in photographs, the visitor's files, or a minute of webcam. They stay on this machine.

import { make } from "../common/dom.js";
import { download } from "../common/download.js";
import { Failure, failingAs } from "../common/failure.js";

/** RGBA bytes of a picture. @typedef {{rgba: Uint8Array, width: number, height: number, heldOut: boolean}} Picture */
/** @typedef {{kind: "photographs" | "own" | "webcam", pictures: Picture[], skipped: string[]}} PictureSet */
/** Decodes a file in the worker. @typedef {(file: Blob, name: string) => Promise<{rgba: Uint8Array, width: number, height: number}>} Decode */

/** Pictures that are kept at most: what memory and patience allow. */
const MOST = 400;
/** Of so many pictures one is held out, but no more than `MOST_HELD_OUT`. */
const HELD_OUT_OF = 8;
const MOST_HELD_OUT = 6;
/** Fewer pictures than these are all learned from, and looked at too. */
const FEW = 4;
/** Frames of the webcam: one in half a second, for a minute. */
const FRAMES = { count: 120, apart: 500 };

/** Bytes of a block of a tar file. */
const BLOCK = 512;

/** Marks the pictures that are held out, evenly over the set. @param {Picture[]} pictures */
export function holdOut(pictures) {
    if (pictures.length < FEW) return;
    const count = Math.min(MOST_HELD_OUT, Math.max(1, Math.floor(pictures.length / HELD_OUT_OF)));
    for (let each = 0; each < count; each++) pictures[Math.floor(((each + 0.5) * pictures.length) / count)].heldOut = true;
}

/** The files of a tar archive. @param {Uint8Array<ArrayBuffer>} bytes @returns {{name: string, file: Blob}[]} */
function untar(bytes) {
    const text = (/** @type {number} */ at, /** @type {number} */ length) => new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, "");
    const files = [];
    for (let at = 0; at + BLOCK <= bytes.length && bytes[at]; ) {
        const size = parseInt(text(at + 124, 12), 8);
        files.push({ name: text(at, 100), file: new Blob([bytes.subarray(at + BLOCK, at + BLOCK + size)]) });
        at += BLOCK * (1 + Math.ceil(size / BLOCK));
    }
    return files;
}

/** The built-in photographs, fetched when they are first asked for. @param {Decode} decode @param {(done: number, all: number) => void} progress @returns {Promise<PictureSet>} */
export async function builtIn(decode, progress) {
    const files = untar(await failingAs("photographs-missing", () => download(new URL("../photographs.tar", import.meta.url))));
    if (!files.length) throw new Failure("photographs-missing", "no pictures in it");
    const pictures = [];
    for (const { name, file } of files) {
        pictures.push({ ...(await decode(file, name)), heldOut: name.startsWith("held-out/") });
        progress(pictures.length, files.length);
    }
    return { kind: "photographs", pictures, skipped: [] };
}

/** The visitor's files, those that are pictures. @param {File[]} files @param {Decode} decode @param {(done: number, all: number) => void} progress @returns {Promise<PictureSet>} */
export async function ofFiles(files, decode, progress) {
    /** @type {Picture[]} */
    const pictures = [];
    /** @type {string[]} */
    const skipped = [];
    for (const file of files) {
        if (pictures.length === MOST) break;
        try {
            pictures.push({ ...(await decode(file, file.name)), heldOut: false });
        } catch (cause) {
            if (!(cause instanceof Failure)) throw cause;
            skipped.push(file.name);
        }
        progress(pictures.length + skipped.length, Math.min(files.length, MOST + skipped.length));
    }
    if (!pictures.length) throw new Failure("no-pictures", skipped.join(", "));
    holdOut(pictures);
    return { kind: "own", pictures, skipped };
}

/** Frames of the webcam, until a minute is over or `isWanted` says no. @param {Decode} decode @param {(done: number, all: number) => void} progress @param {() => boolean} isWanted @returns {Promise<PictureSet>} */
export async function ofWebcam(decode, progress, isWanted) {
    const stream = await failingAs("no-webcam", () => navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } }));
    const video = make("video", { autoplay: true, playsInline: true, muted: true });
    video.srcObject = stream;
    await video.play();
    /** @type {Picture[]} */
    const pictures = [];
    try {
        while (pictures.length < FRAMES.count && isWanted()) {
            const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
            canvas.getContext("2d")?.drawImage(video, 0, 0);
            pictures.push({ ...(await decode(await canvas.convertToBlob({ type: "image/png" }), "webcam")), heldOut: false });
            progress(pictures.length, FRAMES.count);
            await new Promise((resolve) => { setTimeout(resolve, FRAMES.apart); });
        }
    } finally {
        for (const track of stream.getTracks()) track.stop();
    }
    if (!pictures.length) throw new Failure("no-pictures", "webcam");
    holdOut(pictures);
    return { kind: "webcam", pictures, skipped: [] };
}
