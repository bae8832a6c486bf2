// @ts-check
// What the worker holds: wasm, the device, the networks and the decoded pictures.

import { Failure, failingAs } from "../common/failure.js";
import { WEBGPU, processorBuilds } from "../common/modules.js";
import { fetchModel, forgetModel, isKept, listModels, tidy } from "../common/weights.js";
import { chooseDevice, watchDevice } from "./device.js";

export const ENCODER = "squeezenet";
/** SqueezeNet's first layers and an inverter of theirs: a twentieth of the bytes, and enough for a first inversion. */
const FIRST = { encoder: "squeezenet-fire3", inverter: "pool1" };

/** Milliseconds that threads have to start. */
const PATIENCE = 15_000;

/** Threads beyond which the loops are too short to be shared. */
const MOST_THREADS = 8;

/** @typedef {typeof import("../wasm/webgpu/deepsim-web.js")} Module the wasm module's functions */
/** @typedef {import("../wasm/webgpu/deepsim-web.js").Session} Session */

/** @type {Module | undefined} */
let library;
/** @type {Session | undefined} */
let session;
/** @type {import("../common/weights.js").Entry[]} */
let models = [];
/** @type {WebAssembly.Memory | undefined} */
let memory;
/** Inverters that are on the device. @type {Set<string>} */
const inverters = new Set();
/** The decoded pictures by slot, each with its own number. @type {Map<string, {picture: number, bitmap: ImageBitmap}>} */
const bitmaps = new Map();
/** How many pictures were decoded. */
let pictures = 0;

/** The wasm session. */
export function wasm() {
    if (!session) throw new Failure("not-ready", "the worker has not started");
    return session;
}

/** The wasm module's functions that need no session. */
export function wasmLibrary() {
    if (!library) throw new Failure("not-ready", "the worker has not started");
    return library;
}

/** Bytes that wasm uses. */
export const memoryInUse = () => memory?.buffer.byteLength ?? 0;

/** Puts a decoded picture into a slot and returns its number. @param {string} slot @param {ImageBitmap} bitmap */
export function keepBitmap(slot, bitmap) {
    bitmaps.get(slot)?.bitmap.close();
    bitmaps.set(slot, { picture: ++pictures, bitmap });
    return pictures;
}

/** The slot's picture; with a number, only the picture of this number. @param {string} slot @param {number} [picture] */
export function bitmapIn(slot, picture) {
    const found = bitmaps.get(slot);
    if (!found) throw new Failure("not-ready", slot);
    if (picture !== undefined && picture !== found.picture) throw new Failure("superseded", slot);
    return found.bitmap;
}

/**
 * Downloads a model and passes its bytes to `use`, which throws if they are damaged; then it is downloaded once more.
 * @template T @param {string} name @param {(bytes: Uint8Array) => T | Promise<T>} use
 */
export async function withModel(name, use) {
    const entry = models.find((each) => each.name === name);
    if (!entry) throw new Failure("weights-missing", name);
    for (const again of [false, true]) {
        const progress = (/** @type {number} */ done) => postMessage({ event: "progress", name, done, total: entry.bytes });
        const bytes = await failingAs("weights-missing", () => fetchModel(entry, progress, again));
        postMessage({ event: "progress", name, done: entry.bytes, total: entry.bytes });
        try {
            return await use(bytes);
        } catch (cause) {
            await forgetModel(entry);
            if (again) throw new Failure("weights-damaged", cause);
        }
    }
    throw new Failure("weights-damaged", name);
}

/** Whether the whole encoder is on the device. */
let hasEncoder = false;

/** Puts the whole encoder on the device, if it is not there yet. */
export async function loadEncoder() {
    if (hasEncoder) return;
    await withModel(ENCODER, (squeezenet) => wasm().load(squeezenet));
    hasEncoder = true;
}

/** Puts an inverter on the device. @param {string} name */
export async function loadInverter(name) {
    await loadEncoder();
    if (inverters.has(name)) return;
    await withModel(name, (bytes) => wasm().loadInverter(name, bytes));
    inverters.add(name);
}

/** Puts an inverter of the visitor's on the device. @param {string} name @param {Uint8Array} file */
export async function addInverter(name, file) {
    await loadEncoder();
    wasm().loadInverter(name, file);
    inverters.add(name);
}

/** Loads a build of the wasm module. @param {string} name */
async function load(name) {
    const module = /** @type {Module} */ (await import(`../wasm/${name}/deepsim-web.js`));
    memory = (await module.default()).memory;
    library = module;
    return module;
}

/** Fails when threads should have started long ago: a browser may start fewer workers than it is asked for, and nobody would learn of it. */
const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error("its threads did not start")), PATIENCE); });

/** Opens a WebGPU session; throws if its module cannot be had or it fails the self-test. */
async function openWebGpu() {
    const module = await failingAs("webgpu-missing", () => load(WEBGPU));
    watchDevice((detail) => postMessage({ event: "device-lost", detail }));
    const smallest = models.filter(({ layer }) => layer).sort((a, b) => a.bytes - b.bytes)[0].name;
    const candidate = await module.Session.open(true);
    await withModel(ENCODER, (squeezenet) => withModel(smallest, async (inverter) => {
        candidate.load(squeezenet);
        await candidate.selfTest(squeezenet, inverter).catch((cause) => { throw new Failure("self-test", cause); });
    }));
    return candidate;
}

/**
 * Opens a session on the processor with the fastest build that loads: a build may be missing on the server, or not be kept for offline use,
 * and a device may have no memory to share.
 * @param {string[]} without @param {string} task
 */
async function openProcessor(without, task) {
    /** @type {unknown} */
    let cause;
    for (const { name, threads } of processorBuilds(without, task)) {
        try {
            const module = await load(name);
            const count = threads ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
            if (threads) await Promise.race([/** @type {any} */ (module).initThreadPool(count), late()]);
            return { candidate: await module.Session.open(false), name, count };
        } catch (problem) {
            if (problem instanceof Failure) throw problem;
            cause = problem;
            console.warn(`the build ${name} did not start: ${problem}`);
        }
    }
    throw new Failure("wasm", cause);
}

/** Prepares a first inversion where the encoder has yet to be downloaded. Returns the name of the inverter, or nothing. */
async function prepareFirst() {
    const has = (/** @type {string} */ name) => models.some((model) => model.name === name);
    const entry = models.find(({ name }) => name === ENCODER);
    if (!entry || !has(FIRST.encoder) || !has(FIRST.inverter) || (await isKept(entry))) return "";
    try {
        await withModel(FIRST.encoder, (encoder) => withModel(FIRST.inverter, (inverter) => wasm().loadFirst(encoder, inverter)));
    } catch (cause) {
        // The whole encoder does without it, and says what is wrong if that cannot be had either.
        console.warn(`no early inversion: ${cause}`);
        return "";
    }
    return FIRST.inverter;
}

/** Starts wasm on a device. @param {{device: string, without: string, task: string}} body */
export async function start({ device, without, task }) {
    const begun = performance.now();
    let first = "";
    models = await failingAs("weights-missing", listModels);
    await tidy(models).catch(() => {});
    let { use, name } = await chooseDevice(device);
    let build = WEBGPU;
    if (use) {
        try {
            session = await openWebGpu();
            hasEncoder = true;
        } catch (cause) {
            if (cause instanceof Failure && cause.kind === "weights-missing") throw cause;
            use = false;
            name = { kind: cause instanceof Failure && cause.kind === "webgpu-missing" ? "cpu-no-module" : "cpu-self-test", detail: "" };
            console.warn(`without WebGPU: ${cause}`);
        }
    }
    if (!use) {
        const opened = await openProcessor(without.split(","), task);
        session = opened.candidate;
        build = opened.name;
        name.detail = String(opened.count);
        if (task === "show") first = await prepareFirst();
        if (!first) await loadEncoder();
    }
    return { first, device: use ? "webgpu" : "cpu", name, build, models, milliseconds: { start: performance.now() - begun }, memory: memoryInUse() };
}
