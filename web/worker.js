// @ts-check
// The worker: owns wasm, the device and the weights. It knows nothing of the page.
//
// page -> worker: {type: "start", device: "auto" | "webgpu" | "cpu"}, {type: "invert", id, bitmap}, {type: "lose-device"},
//                 {type: "activations", id, url, side}
// worker -> page: progress, ready, inverted, activations, failed {kind, id?, detail}, device-lost

import init, { Session } from "./deepsim-web.js";
import { fetchWithProgress } from "./fetch.js";

/** Side in pixels of what is inverted. */
const SIDE = 224;
/** Pixels of the largest picture that is taken: 50 megapixels are 200 MB as RGBA. */
const MOST_PIXELS = 50e6;
const MODELS = ["models/squeezenet.safetensors", "models/fire5.safetensors"];

/** @type {Session | undefined} */
let session;
/** @type {GPUDevice | undefined} */
let gpuDevice;

/** An error whose kind the page has a sentence for. */
class Failure extends Error {
    /** @param {string} kind @param {unknown} cause */
    constructor(kind, cause) {
        super(cause instanceof Error ? cause.message : String(cause));
        this.kind = kind;
    }
}

/** @param {string} kind @param {() => any} work */
async function failingAs(kind, work) {
    try {
        return await work();
    } catch (cause) {
        throw cause instanceof Failure ? cause : new Failure(kind, cause);
    }
}

/**
 * Remembers the device that wasm asks the browser for, so that its loss is noticed: wasm would see it only at its next read.
 */
function watchDevice() {
    const requestDevice = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
        const device = await requestDevice.call(this, descriptor);
        gpuDevice = device;
        device.lost.then((info) => postMessage({ type: "device-lost", detail: info.message }));
        return device;
    };
}

/**
 * Whether to use WebGPU, and if not, why.
 * @param {string} wanted
 * @returns {Promise<{use: boolean, name: string}>}
 */
async function chooseDevice(wanted) {
    if (wanted === "cpu") return { use: false, name: "CPU, as asked" };
    const gpu = /** @type {any} */ (navigator).gpu;
    const adapter = gpu ? await gpu.requestAdapter().catch(() => null) : null;
    if (!adapter) return { use: false, name: "CPU: this browser has no WebGPU" };
    const info = adapter.info ?? {};
    const software = adapter.isFallbackAdapter ?? info.isFallbackAdapter ?? false;
    const name = [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") || "GPU";
    // A software adapter computes on the processor too, and slower than wasm does.
    if ((software || /swiftshader|llvmpipe/i.test(name)) && wanted !== "webgpu") return { use: false, name: "CPU: this machine has no GPU that the browser can use" };
    return { use: true, name: `WebGPU: ${name}` };
}

/** @param {string} wanted */
async function start(wanted) {
    await failingAs("wasm", () => init());
    const [squeezenet, inverter] = await failingAs("weights-missing", () =>
        fetchWithProgress(MODELS, (done, total) => postMessage({ type: "progress", done, total })));
    let { use, name } = await chooseDevice(wanted);
    if (use) {
        try {
            watchDevice();
            const candidate = await Session.open(true);
            await failingAs("weights-damaged", () => candidate.load(squeezenet, inverter));
            await candidate.selfTest();
            session = candidate;
        } catch (cause) {
            if (cause instanceof Failure) throw cause;
            use = false;
            name = "CPU: WebGPU did not pass the self-test";
            console.warn(`${name}: ${cause}`);
        }
    }
    if (!use) {
        const candidate = await Session.open(false);
        await failingAs("weights-damaged", () => candidate.load(squeezenet, inverter));
        session = candidate;
    }
    postMessage({ type: "ready", device: use ? "webgpu" : "cpu", name });
}

function opened() {
    if (!session) throw new Failure("not-ready", "the worker has not started");
    return session;
}

/** @param {ImageBitmap} bitmap */
function pixelsOf(bitmap) {
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) throw new Failure("too-big", `${width} x ${height}`);
    const context = new OffscreenCanvas(width, height).getContext("2d");
    if (!context) throw new Failure("too-big", `${width} x ${height}`);
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
}

/** @param {number} id @param {ImageBitmap} bitmap */
async function invert(id, bitmap) {
    const ready = opened();
    const pixels = await failingAs("too-big", () => pixelsOf(bitmap));
    bitmap.close();
    const begun = performance.now();
    // A view, not a copy: wasm copies the bytes in once.
    const bytes = new Uint8Array(pixels.data.buffer);
    const result = await failingAs("device", () => ready.invert(bytes, pixels.width, pixels.height, SIDE));
    const milliseconds = performance.now() - begun;
    const { original, inversion } = result;
    result.free();
    postMessage({ type: "inverted", id, side: SIDE, original, inversion, milliseconds }, { transfer: [original.buffer, inversion.buffer] });
}

/** @param {number} id @param {string} url @param {number} side */
async function activations(id, url, side) {
    const ready = opened();
    const [model] = await failingAs("weights-missing", () => fetchWithProgress([url], () => {}));
    postMessage({ type: "activations", id, values: await ready.activations(model, side) });
}

addEventListener("message", async ({ data }) => {
    try {
        if (data.type === "start") await start(data.device);
        else if (data.type === "invert") await invert(data.id, data.bitmap);
        else if (data.type === "activations") await activations(data.id, data.url, data.side);
        // For the tests, and for whoever wants to see the page recover.
        else if (data.type === "lose-device") gpuDevice?.destroy();
    } catch (cause) {
        const failure = cause instanceof Failure ? cause : new Failure("unexpected", cause);
        postMessage({ type: "failed", kind: failure.kind, id: data.id, detail: failure.message });
    }
});
