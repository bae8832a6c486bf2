// @ts-check
// Commands that the page sends to the worker. Their arguments are described once, in a `commands.js` for each view, and checked on both sides.

/** The type of an argument: what `typeof` says, or a class; with a `?` at its end it may be absent. @typedef {string | Function} ArgumentType */
/** The arguments of each command, by the command's name. @typedef {Record<string, Record<string, ArgumentType>>} Commands */
/** What the worker does, by the command's name. @typedef {Record<string, (body: any) => any>} Functions */

/** Commands that every view may use. @type {Commands} */
export const COMMON = {
    /** Starts the worker. `device`: `auto`, `webgpu` or `cpu`; `without`: what not to use of `threads`, `relaxed-simd`, with a comma between; `task`: `show` or `train`. */
    start: { device: "string", without: "string", task: "string" },
    /** Decodes a file into a slot. Returns {picture, width, height, preview}: the picture's number, its size, a small copy. */
    decode: { slot: "string", file: Blob, name: "string" },
    /** Returns the bytes of memory that wasm uses. */
    memory: {},
    /** For the tests: a network's activations in this browser. */
    activations: { url: "string", side: "number" },
    /** For the tests, and to see the page recover: destroys the GPU device. */
    "lose-device": {},
};

/**
 * Throws unless a command exists and its arguments are as described.
 * @param {Commands} commands @param {string} type @param {Record<string, any>} body
 */
export function check(commands, type, body) {
    const wanted = commands[type];
    if (!wanted) throw new TypeError(`no command ${type}`);
    for (const name of Object.keys(body)) if (!(name in wanted)) throw new TypeError(`${type}: no argument ${name}`);
    for (const [name, kind] of Object.entries(wanted)) {
        const value = body[name];
        const optional = typeof kind === "string" && kind.endsWith("?");
        if (optional && value === undefined) continue;
        const fits = typeof kind === "string" ? typeof value === kind.replace("?", "") : value instanceof kind;
        if (!fits) throw new TypeError(`${type}: ${name} must be ${typeof kind === "string" ? kind : `a ${kind.name}`}, not ${typeof value}`);
    }
}
