// @ts-check
// The builds of the wasm module: one for WebGPU, and several for the processor, of which each browser gets the fastest that it can run. Those that train are
// larger.

/**
 * @typedef {object} Build
 * @property {string} name its folder below `wasm/`
 * @property {boolean} threads whether it computes in several workers
 * @property {boolean} relaxed whether it multiplies and adds in one instruction
 */

export const WEBGPU = "webgpu";

/** Builds for the processor, the fastest first; what comes before their names says what they are for. @type {Build[]} */
const PROCESSOR = [
    { name: "-threads-relaxed", threads: true, relaxed: true },
    { name: "-threads", threads: true, relaxed: false },
    { name: "", threads: false, relaxed: false },
];

/** What the names of builds begin with, by task. @type {Record<string, string>} */
const TASKS = { show: "cpu", train: "train" };

/** A module of one function that multiplies and adds vectors in one instruction; browsers without relaxed SIMD refuse it. */
const RELAXED_SIMD = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 11,
]);

/** What this browser can do. @returns {{threads: boolean, relaxed: boolean}} */
function abilities() {
    return { threads: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer !== "undefined", relaxed: WebAssembly.validate(RELAXED_SIMD) };
}

/**
 * The builds for the processor that this browser can run, the fastest first.
 * @param {string[]} without abilities that are not to be used: `threads`, `relaxed-simd`
 * @param {string} task `show` or `train`
 * @param {{threads: boolean, relaxed: boolean}} [can]
 */
export function processorBuilds(without, task, can = abilities()) {
    const threads = can.threads && !without.includes("threads");
    const relaxed = can.relaxed && !without.includes("relaxed-simd");
    const fit = PROCESSOR.filter((build) => (threads || !build.threads) && (relaxed || !build.relaxed));
    return fit.map((build) => ({ ...build, name: TASKS[task] + build.name }));
}

/** Names of the builds that offline use needs: the one that runs now, and the best one once the page is isolated. @param {string} running @param {string} task */
export function buildsToKeep(running, task) {
    const [best] = processorBuilds([], task, { ...abilities(), threads: true });
    return [...new Set([running, best.name, ...processorBuilds([], task).slice(0, 1).map(({ name }) => name)])];
}
