// @ts-check
// The worker: owns wasm, the device, the weights and the pictures. It knows nothing of the page.
//
// page -> worker: {id, type, body}, one at a time; worker -> page: {id, value} or {id, failure: {kind, detail}}, and meanwhile
// {event: "progress", name, done, total} and {event: "device-lost", detail}.

import init, { Session, animation, drawCode, layers, walkCode } from "./deepsim-web.js";
import { chooseDevice, loseDevice, watchDevice } from "./device.js";
import { Failure, failingAs } from "./failure.js";
import { decode, pixelsBelow, preview } from "./pixels.js";
import { fetchModel, forgetModel, listModels, tidy } from "./weights.js";

const ENCODER = "squeezenet";

/** @type {Session | undefined} */
let session;
/** @type {import("./weights.js").Entry[]} */
let models = [];
/** @type {WebAssembly.Memory | undefined} */
let memory;
/** Inverters that are on the device. @type {Set<string>} */
const loaded = new Set();
/** Autoencoders that are on the device, and what they are. @type {Map<string, {side: number, size: number}>} */
const generators = new Map();
/** Codes of own pictures, by autoencoder; another picture empties it. @type {Map<string, Float32Array>} */
const encoded = new Map();
/** The decoded pictures, by slot, each with a number of its own. @type {Map<string, {picture: number, bitmap: ImageBitmap}>} */
const bitmaps = new Map();
/** How many pictures were decoded. */
let pictures = 0;

function opened() {
    if (!session) throw new Failure("not-ready", "the worker has not started");
    return session;
}

/** The slot's picture, the one of this number if there is one. @param {string} slot @param {number} [picture] */
function held(slot, picture) {
    const found = bitmaps.get(slot);
    if (!found) throw new Failure("not-ready", slot);
    if (picture !== undefined && picture !== found.picture) throw new Failure("superseded", slot);
    return found;
}

/**
 * Fetches a model and hands it to `use`, which throws if it is damaged; then it is fetched once more.
 * @template T @param {string} name @param {(bytes: Uint8Array) => T | Promise<T>} use
 */
async function withModel(name, use) {
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

/** @param {{device: string}} body */
async function start({ device }) {
    const begun = performance.now();
    memory = (await failingAs("wasm", () => init())).memory;
    const compiled = performance.now();
    models = await failingAs("weights-missing", listModels);
    await tidy(models).catch(() => {});
    let { use, name } = await chooseDevice(device);
    if (use) {
        watchDevice((detail) => postMessage({ event: "device-lost", detail }));
        const smallest = models.filter(({ layer }) => layer).sort((a, b) => a.bytes - b.bytes)[0].name;
        try {
            const candidate = await Session.open(true);
            await withModel(ENCODER, (squeezenet) => withModel(smallest, async (inverter) => {
                candidate.load(squeezenet);
                await candidate.selfTest(squeezenet, inverter).catch((cause) => { throw new Failure("self-test", cause); });
            }));
            session = candidate;
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
    return { device: use ? "webgpu" : "cpu", name, models, milliseconds, memory: memory?.buffer.byteLength ?? 0 };
}

/** @param {string} name */
async function load(name) {
    if (loaded.has(name)) return;
    await withModel(name, (bytes) => opened().loadInverter(name, bytes));
    loaded.add(name);
}

/** @param {string} name */
async function generator(name) {
    let about = generators.get(name);
    if (!about) {
        await withModel(name, (bytes) => opened().loadGenerator(name, bytes));
        about = /** @type {{side: number, size: number}} */ (JSON.parse(opened().aboutGenerator(name)));
        generators.set(name, about);
    }
    return about;
}

/**
 * The code that a place on a sheet or a slot's picture has.
 * @param {string} name @param {{slot: string} | {seed: number, place: number, again: number}} end
 */
async function codeOf(name, end) {
    if (!("slot" in end)) return drawCode(end.seed, end.place, end.again, (await generator(name)).size);
    const kept = encoded.get(name);
    if (kept) return kept;
    await generator(name);
    const code = await opened().encode(name, end.slot);
    encoded.set(name, code);
    return code;
}

/** @type {Record<string, (body: any) => any>} */
const ANSWERS = {
    start,
    /** A file becomes the slot's picture. */
    async decode({ slot, file, name }) {
        const bitmap = await decode(file, name);
        bitmaps.get(slot)?.bitmap.close();
        bitmaps.set(slot, { picture: ++pictures, bitmap });
        return { picture: pictures, width: bitmap.width, height: bitmap.height, preview: await preview(bitmap) };
    },
    /** A square of the slot's picture is looked at, if it still is the one that the square was cut from. */
    async take({ slot, picture, crop, side }) {
        const { bitmap } = held(slot, picture);
        const { bytes, width, height, left, top, size } = await failingAs("too-big", () => pixelsBelow(bitmap, crop));
        opened().take(slot, bytes, width, height, left, top, size, side);
        const rgba = await opened().see(slot);
        const { classes, probabilities } = await opened().classes(slot);
        return { rgba, side, classes: [...classes], probabilities: [...probabilities] };
    },
    async invert({ name, slot, operation }) {
        await load(name);
        const rgba = await opened().invert(name, slot, JSON.stringify(operation ?? {}));
        return { rgba, side: opened().sideOf(name, slot) };
    },
    async judge({ name, slot, rgba, side, plain }) {
        const judged = await opened().judge(name, slot, rgba, side, plain);
        const { pictureError, featureError, classes, probabilities } = judged;
        return { pictureError, featureError, classes: [...classes], probabilities: [...probabilities] };
    },
    about: ({ name }) => generator(name),
    /** The middle square of a slot's picture, for an autoencoder. */
    async square({ slot, side }) {
        const { bitmap } = held(slot);
        const size = Math.min(bitmap.width, bitmap.height);
        const crop = { left: (bitmap.width - size) / 2, top: (bitmap.height - size) / 2, size };
        const { bytes, width, height, left, top } = await failingAs("too-big", () => pixelsBelow(bitmap, crop));
        opened().take(slot, bytes, width, height, left, top, size, side);
        encoded.clear();
    },
    /** Pictures of places on a sheet, one after the other. */
    async draw({ name, cells }) {
        const { side, size } = await generator(name);
        const codes = new Float32Array(cells.length * size);
        for (const [index, cell] of cells.entries()) codes.set(drawCode(cell.seed, cell.place, cell.again, size), index * size);
        return { rgba: await opened().generate(name, codes), side };
    },
    /** The picture of a code on the way between two, moved along the principal directions. */
    async move({ name, from, to, share, moves }) {
        const { side } = await generator(name);
        const start = await codeOf(name, from);
        const between = share > 0 ? walkCode(start, await codeOf(name, to), share) : start;
        return { rgba: await opened().generate(name, opened().moveCode(name, between, new Float32Array(moves))), side };
    },
    async again({ name, slot }) {
        await load(name);
        const { rgba, featureError } = await opened().again(name, slot);
        return { rgba, featureError, side: opened().sideOf(name, slot) };
    },
    async channels({ name, slot, count }) {
        await load(name);
        const { grid, channels, shares, maps } = await opened().channels(name, slot, count);
        return { grid, channels: [...channels], shares: [...shares], maps };
    },
    async "begin-to-refine"({ name, slot, rgba, side }) {
        await load(name);
        opened().beginToRefine(name, slot, rgba, side);
    },
    async refine({ steps, rate }) {
        const { rgba, featureError } = await opened().refine(steps, rate);
        return { rgba, featureError };
    },
    animate: ({ frames, side, milliseconds }) => animation(frames, side, milliseconds),
    layers: ({ side }) => JSON.parse(layers(side)),
    memory: () => memory?.buffer.byteLength ?? 0,
    /** For the tests: the networks' numbers in this browser. */
    async activations({ url, side }) {
        const response = await fetch(new URL(url, import.meta.url));
        return opened().activations(new Uint8Array(await response.arrayBuffer()), side);
    },
    /** For the tests, and for whoever wants to see the page recover. */
    "lose-device": loseDevice,
};

addEventListener("message", async ({ data: { id, type, body } }) => {
    const begun = performance.now();
    try {
        const value = await ANSWERS[type](body);
        if (value && typeof value === "object" && !ArrayBuffer.isView(value) && !Array.isArray(value) && !(value instanceof Map)) {
            value.milliseconds ??= performance.now() - begun;
        }
        postMessage({ id, value }, { transfer: transferable(value) });
    } catch (cause) {
        const kind = cause instanceof Failure ? cause.kind : "unexpected";
        postMessage({ id, failure: { kind, detail: cause instanceof Error ? cause.message : String(cause) } });
    }
});

/** @param {any} value @returns {Transferable[]} */
function transferable(value) {
    if (value?.preview) return [value.preview];
    return value?.rgba ? [value.rgba.buffer] : [];
}
