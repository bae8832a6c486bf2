// @ts-check
// Where pictures come from: a file, a drop, the clipboard, the webcam, an example.

import { element, make } from "./dom.js";
import { EXAMPLES, SAY } from "./words.js";

/** @typedef {{file: Blob, name: string, example: string}} Source */

/** @param {string} example @returns {Promise<Source>} */
export async function fetchExample(example) {
    const response = await fetch(new URL(`../examples/${example}.jpg`, import.meta.url));
    if (!response.ok) throw new Error(`${example}: ${response.status}`);
    return { file: await response.blob(), name: SAY.example(EXAMPLES[example]), example };
}

/** @param {Blob | null | undefined} file @returns {Source | undefined} */
const own = (file) => (file ? { file, name: file instanceof File && file.name ? file.name : "picture", example: "" } : undefined);

/** A file input, which also reports the same file chosen again. @param {HTMLInputElement} input @param {(source: Source) => void} take */
export function onFile(input, take) {
    input.addEventListener("change", () => {
        const source = own(input.files?.[0]);
        if (source) take(source);
        input.value = "";
    });
}

/** Pictures that are dropped or pasted anywhere. @param {(source: Source) => void} open */
export function listen(open) {
    window.addEventListener("dragover", (event) => {
        event.preventDefault();
        document.body.classList.add("dropping");
    });
    window.addEventListener("dragleave", (event) => {
        if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    window.addEventListener("drop", (event) => {
        event.preventDefault();
        document.body.classList.remove("dropping");
        const source = own(event.dataTransfer?.files[0]);
        if (source) open(source);
    });
    window.addEventListener("paste", (event) => {
        const item = [...(event.clipboardData?.items ?? [])].find((each) => each.kind === "file");
        const source = own(item?.getAsFile());
        if (source) open(source);
    });
}

/** Buttons for the examples. @param {HTMLElement} list @param {(example: string) => void} open */
export function showExamples(list, open) {
    list.append(...Object.entries(EXAMPLES).map(([example, name]) => {
        const picture = make("img", { src: `examples/${example}.jpg`, alt: "", width: 72, height: 72, loading: "lazy" });
        return make("li", {}, make("button", { type: "button", dataset: { example }, "aria-label": SAY.example(name), onclick: () => open(example) }, picture));
    }));
}

const dialog = /** @type {HTMLDialogElement} */ (element("camera"));
const video = /** @type {HTMLVideoElement} */ (element("video"));
/** Who gets the picture. @type {(source: Source) => void} */
let taker = () => {};

/** A button that takes a picture with the webcam. @param {HTMLElement} button @param {(source: Source) => void} take @param {(kind: string, detail: string) => void} showError */
export function onWebcam(button, take, showError) {
    button.addEventListener("click", async () => {
        taker = take;
        try {
            video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
            dialog.showModal();
        } catch (cause) {
            showError("no-webcam", String(cause));
        }
    });
}

dialog.addEventListener("close", () => {
    const stream = /** @type {MediaStream | null} */ (video.srcObject);
    for (const track of stream?.getTracks() ?? []) track.stop();
    video.srcObject = null;
});
element("camera-close").addEventListener("click", () => dialog.close());
element("shoot").addEventListener("click", () => {
    const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
        const source = own(blob);
        if (source) taker({ ...source, name: "webcam" });
        dialog.close();
    });
});
