// @ts-check
// Where pictures come from: a file, a drop, the clipboard, the webcam, an example.

import { element, make } from "./dom.js";
import { EXAMPLES, SAY } from "./words.js";

/** @typedef {{file: Blob, name: string, example: string}} Source */

/** @param {string} example @returns {Promise<Source>} */
export async function fetchExample(example) {
    const response = await fetch(new URL(`examples/${example}.jpg`, import.meta.url));
    if (!response.ok) throw new Error(`${example}: ${response.status}`);
    return { file: await response.blob(), name: SAY.example(EXAMPLES[example]), example };
}

/** @param {Blob | null | undefined} file @returns {Source | undefined} */
const own = (file) => (file ? { file, name: SAY.own(file instanceof File && file.name ? file.name : "picture"), example: "" } : undefined);

/** A file input that counts choosing the same file again. @param {HTMLInputElement} input @param {(source: Source) => void} take */
export function onFile(input, take) {
    input.addEventListener("change", () => {
        const source = own(input.files?.[0]);
        if (source) take(source);
        input.value = "";
    });
}

/** @param {(source: Source) => void} take @param {(example: string) => void} takeExample @param {(kind: string, detail: string) => void} complain */
export function listen(take, takeExample, complain) {
    onFile(element("file"), take);
    addEventListener("dragover", (event) => {
        event.preventDefault();
        document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
        if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
        event.preventDefault();
        document.body.classList.remove("dropping");
        const source = own(event.dataTransfer?.files[0]);
        if (source) take(source);
    });
    addEventListener("paste", (event) => {
        const item = [...(event.clipboardData?.items ?? [])].find((each) => each.kind === "file");
        const source = own(item?.getAsFile());
        if (source) take(source);
    });
    element("examples").append(...Object.entries(EXAMPLES).map(([example, name]) => {
        const picture = make("img", { src: `examples/${example}.jpg`, alt: "", width: 72, height: 72, loading: "lazy" });
        return make("li", {}, make("button", { type: "button", dataset: { example }, "aria-label": SAY.example(name), onclick: () => takeExample(example) }, picture));
    }));
    listenToWebcam(take, complain);
}

/** @param {(source: Source) => void} take @param {(kind: string, detail: string) => void} complain */
function listenToWebcam(take, complain) {
    const dialog = /** @type {HTMLDialogElement} */ (element("camera"));
    const video = /** @type {HTMLVideoElement} */ (element("video"));
    element("webcam").addEventListener("click", async () => {
        try {
            video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
            dialog.showModal();
        } catch (cause) {
            complain("no-webcam", String(cause));
        }
    });
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
            if (source) take({ ...source, name: "webcam" });
            dialog.close();
        });
    });
}
