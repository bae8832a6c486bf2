// @ts-check
// Where pictures come from: a file, a drop, the clipboard, the webcam, an example.

import { element, make } from "./dom.js";
import { download } from "./download.js";
import { failingAs } from "./failure.js";
import { EXAMPLES, SAY } from "./words.js";

/** `files`: all that came with it. @typedef {{file: Blob, name: string, example: string, files?: File[]}} Source */

/** @param {string} example @returns {Promise<Source>} */
export async function fetchExample(example) {
    const bytes = await failingAs("example-missing", () => download(new URL(`../examples/${example}.jpg`, import.meta.url)));
    const file = new Blob([bytes], { type: "image/jpeg" });
    return { file, name: SAY.example(EXAMPLES[example]), example };
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

/** A file input for several files or a folder. @param {HTMLElement} input @param {(files: File[]) => void} take */
export function onFiles(input, take) {
    const field = /** @type {HTMLInputElement} */ (input);
    field.addEventListener("change", () => {
        const files = [...(field.files ?? [])];
        field.value = "";
        if (files.length) take(files);
    });
}

/** The files of what was dropped, those in folders too. @param {DataTransfer} dropped @returns {Promise<File[]>} */
async function filesOf(dropped) {
    // Entries can be had only before the event is over.
    const entries = [...dropped.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
    if (!entries.some(({ isDirectory }) => isDirectory)) return [...dropped.files];
    /** @type {File[]} */
    const files = [];
    const walk = async (/** @type {FileSystemEntry} */ entry) => {
        if (entry.isFile) return void files.push(await new Promise((resolve, reject) => { /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject); }));
        const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
        for (;;) {
            // A reader gives a part of a folder at a time.
            const found = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
            if (!found.length) return;
            for (const each of found) await walk(each);
        }
    };
    for (const entry of entries) await walk(entry);
    return files;
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
    window.addEventListener("drop", async (event) => {
        event.preventDefault();
        document.body.classList.remove("dropping");
        const files = event.dataTransfer ? await filesOf(event.dataTransfer) : [];
        const source = own(files[0]);
        if (source) open({ ...source, files });
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
