// @ts-check
// What the worker holds: wasm, the device, the networks and the decoded pictures.

import init, { Session } from "../deepsim-web.js";
import { Failure, failingAs } from "../common/failure.js";
import { fetchModel, forgetModel, listModels, tidy } from "../common/weights.js";
import { chooseDevice, watchDevice } from "./device.js";

const ENCODER = "squeezenet";

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

/** Puts an inverter on the device. @param {string} name */
export async function loadInverter(name) {
    if (inverters.has(name)) return;
    await withModel(name, (bytes) => wasm().loadInverter(name, bytes));
    inverters.add(name);
}

/** Opens a WebGPU session; throws if it fails the self-test. */
async function openWebGpu() {
    watchDevice((detail) => postMessage({ event: "device-lost", detail }));
    const smallest = models.filter(({ layer }) => layer).sort((a, b) => a.bytes - b.bytes)[0].name;
    const candidate = await Session.open(true);
    await withModel(ENCODER, (squeezenet) => withModel(smallest, async (inverter) => {
        candidate.load(squeezenet);
        await candidate.selfTest(squeezenet, inverter).catch((cause) => { throw new Failure("self-test", cause); });
    }));
    return candidate;
}

/** Starts wasm on a device. @param {{device: string}} body */
export async function start({ device }) {
    const begun = performance.now();
    memory = (await failingAs("wasm", () => init())).memory;
    const compiled = performance.now();
    models = await failingAs("weights-missing", listModels);
    await tidy(models).catch(() => {});
    let { use, name } = await chooseDevice(device);
    if (use) {
        try {
            session = await openWebGpu();
        } catch (cause) {
            if (cause instanceof Failure && cause.kind === "weights-missing") throw cause;
            use = false;
            name = { kind: "cpu-self-test", detail: "" };
            console.warn(`WebGPU did not pass the self-test: ${cause}`);
        }
    }
    if (!use) {
        const candidate = await Session.open(false);
        await withModel(ENCODER, (squeezenet) => candidate.load(squeezenet));
        session = candidate;
    }
    const milliseconds = { wasm: compiled - begun, start: performance.now() - compiled };
    return { device: use ? "webgpu" : "cpu", name, models, milliseconds, memory: memoryInUse() };
}
