// @ts-check
// The page: takes a picture in, shows it beside its inversion. It knows nothing of tensors; the worker does the computing.

import { decode } from "./decode.js";
import { sentence } from "./sentences.js";

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

const status = element("status");
const problem = element("problem");
const progress = /** @type {HTMLProgressElement} */ (element("progress"));
const deviceName = element("device");
const results = element("results");

const wanted = new URLSearchParams(location.search).get("device") ?? "auto";

/** @type {Worker} */
let worker;
let ready = false;
let newest = 0;
/** The picture to invert once the worker is ready, or again after a device was lost. @type {Blob | undefined} */
let pending;
/** How many devices were lost one after the other: a page that keeps losing them stays on the CPU. */
let losses = 0;

/** @param {string} text */
function tell(text) {
    status.textContent = text;
}

/** @param {string} kind @param {string} [detail] */
function complain(kind, detail = "") {
    problem.textContent = sentence(kind, detail);
    problem.dataset.kind = kind;
    problem.hidden = false;
    console.warn(`${kind}: ${detail}`);
}

function startWorker(device = wanted) {
    ready = false;
    document.body.dataset.state = "loading";
    worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", receive);
    worker.addEventListener("error", (event) => {
        event.preventDefault();
        replaceWorker("crashed", event.message ?? "");
    });
    worker.postMessage({ type: "start", device });
    tell("Loading the networks…");
}

/** Ends a worker that cannot go on and starts a fresh one, which takes up the picture that was being inverted. @param {string} kind @param {string} detail */
function replaceWorker(kind, detail) {
    losses += 1;
    complain(kind, detail);
    worker.removeEventListener("message", receive);
    worker.terminate();
    if (losses > 3 && document.body.dataset.state === "loading") {
        tell("The networks could not be started. Reload the page to try again.");
        return;
    }
    startWorker(losses > 2 ? "cpu" : wanted);
}

/** @param {MessageEvent} event */
function receive({ data }) {
    if (data.type === "progress") {
        progress.hidden = false;
        progress.max = data.total || 1;
        progress.value = data.total ? data.done : 0;
        tell(`Loading the networks: ${megabytes(data.done)} of ${megabytes(data.total)} MB`);
    } else if (data.type === "ready") {
        ready = true;
        progress.hidden = true;
        deviceName.textContent = data.name;
        document.body.dataset.state = "ready";
        document.body.dataset.device = data.device;
        document.body.dataset.readyAfter = performance.now().toFixed(0);
        tell("Ready. Choose, drop or paste a photo.");
        if (pending) invert(pending);
    } else if (data.type === "inverted" && data.id === newest) {
        losses = 0;
        pending = undefined;
        draw("original", data.original, data.side);
        draw("inversion", data.inversion, data.side);
        results.hidden = false;
        document.body.dataset.state = "inverted";
        document.body.dataset.milliseconds = data.milliseconds.toFixed(0);
        tell(`Inverted in ${data.milliseconds.toFixed(0)} ms.`);
    } else if (data.type === "device-lost") {
        replaceWorker("device-lost", data.detail);
    } else if (data.type === "failed") {
        progress.hidden = true;
        if (data.kind === "device" || data.kind === "unexpected") {
            replaceWorker("crashed", data.detail);
        } else {
            if (data.id === newest) pending = undefined;
            complain(data.kind, data.detail);
            document.body.dataset.state = ready ? "ready" : "failed";
            tell(ready ? "Choose, drop or paste another photo." : "The networks could not be started.");
        }
    }
}

/** @param {number} bytes */
function megabytes(bytes) {
    return (bytes / 1e6).toFixed(1);
}

/** @param {string} id @param {Uint8Array} rgba @param {number} side */
function draw(id, rgba, side) {
    const canvas = /** @type {HTMLCanvasElement} */ (element(id));
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context?.putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer), side, side), 0, 0);
}

/** @param {Blob | null | undefined} file */
async function invert(file) {
    if (!file) return;
    problem.hidden = true;
    const id = ++newest;
    try {
        const bitmap = await decode(file);
        if (id !== newest) return bitmap.close();
        pending = file;
        if (!ready) {
            bitmap.close();
            tell("The photo is inverted as soon as the networks are loaded.");
            return;
        }
        document.body.dataset.state = "inverting";
        tell("Inverting…");
        worker.postMessage({ type: "invert", id, bitmap }, [bitmap]);
    } catch (cause) {
        const { kind, message } = /** @type {import("./decode.js").NotDecoded} */ (cause);
        complain(kind ?? "unexpected", message);
        document.body.dataset.state = ready ? "ready" : document.body.dataset.state;
    }
}

const input = /** @type {HTMLInputElement} */ (element("file"));
input.addEventListener("change", () => {
    invert(input.files?.[0]);
    input.value = ""; // So that choosing the same file again counts.
});

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
    invert(event.dataTransfer?.files[0]);
});
addEventListener("paste", (event) => {
    const item = [...(event.clipboardData?.items ?? [])].find((each) => each.kind === "file");
    invert(item?.getAsFile());
});

/** For the tests, and for whoever looks with the console. */
Object.assign(window, { deepsim: { worker: () => worker } });

startWorker();
