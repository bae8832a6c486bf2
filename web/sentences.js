// @ts-check
// What the page says when something goes wrong: what happened, and what to do.

/** @type {Record<string, (detail: string) => string>} */
const SENTENCES = {
    "not-a-picture": (name) => `${name} is not a picture. Choose a JPEG, PNG or WebP file.`,
    "not-decoded": (name) => `${name} could not be decoded: it is damaged, or too big for this browser. Try a smaller copy.`,
    "too-big": (size) => `This picture is too big to invert here (${size} pixels). Try one of at most 50 megapixels.`,
    "weights-missing": (what) => `The networks could not be fetched (${what}). Check the connection and reload the page.`,
    "weights-damaged": () => "The networks arrived damaged. Reload the page to fetch them again.",
    "wasm": () => "The program could not be loaded. Reload the page, or try a newer browser.",
    "device-lost": () => "The GPU was lost, and has been started again.",
    "crashed": () => "The computation failed, and has been started again.",
    "not-ready": () => "The networks are not loaded yet. Try again in a moment.",
};

/** @param {string} kind @param {string} detail */
export function sentence(kind, detail) {
    return SENTENCES[kind]?.(detail) ?? `Something went wrong: ${detail}`;
}
