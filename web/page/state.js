// @ts-check
// What a link restores: everything that decides what is shown, but the photo.

import { EDITS, EXAMPLES } from "./words.js";

/**
 * @typedef {object} State
 * @property {string} example its name, or nothing for an own picture
 * @property {number} side
 * @property {string} inverter
 * @property {string} tab
 * @property {string} edit
 * @property {number} amount 0 to 1 along the slider
 * @property {number} seed
 * @property {string} mix an example's name, or nothing for an own picture
 * @property {number} share
 * @property {number} rounds
 * @property {Record<string, number>} channels number -> factor
 * @property {string} view `lab` or `generate`
 * @property {string} pictures what the autoencoders make pictures of
 * @property {number} sheet seed of the sheet
 * @property {number} cell that is chosen
 * @property {Record<number, number>} again how often each cell was drawn anew
 * @property {number} to the cell that is walked to
 * @property {number} way 0 to 1 of the walk
 * @property {number[]} moves deviations along each direction
 */

/** Phones get a smaller picture. */
const small = matchMedia("(max-width: 30rem)").matches;

/** @returns {State} */
export const usual = () => ({
    example: "cat", side: small ? 128 : 224, inverter: "fire9", tab: "operate", edit: "keep-channels", amount: 0.5, seed: 1,
    mix: "flowers", share: 0.5, rounds: 4, channels: {},
    view: "lab", pictures: "emoji", sheet: 7, cell: 0, again: {}, to: 1, way: 0, moves: [],
});

/** Pictures on a sheet of draws, and directions that codes are moved along. */
export const CELLS = 16;
export const MOVES = 8;

export const SIDES = [128, 224, 320, 448];
export const TABS = ["operate", "channels", "mix", "reencode", "refine"];
export const VIEWS = ["lab", "generate"];
const WORDS = /^[a-z0-9-]{0,24}$/;
/** What a link may say of these; which inverters and pictures there are is known later. */
const KNOWN = { example: ["", ...Object.keys(EXAMPLES)], mix: ["", ...Object.keys(EXAMPLES)], edit: Object.keys(EDITS), tab: TABS, view: VIEWS };

/** The state that a link's hash asks for; what it does not say, or says wrongly, is as usual. @param {string} hash @returns {State} */
export function read(hash) {
    const state = usual();
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    for (const key of /** @type {const} */ (["example", "inverter", "tab", "edit", "mix", "view", "pictures"])) {
        const value = given.get(key);
        const known = /** @type {Record<string, string[]>} */ (KNOWN)[key];
        if (value !== null && (known ? known.includes(value) : WORDS.test(value))) state[key] = value;
    }
    for (const [key, least, most] of /** @type {const} */ ([["amount", 0, 1], ["share", 0, 1], ["seed", 0, 4294967295], ["rounds", 1, 16], ["sheet", 0, 4294967295], ["cell", 0, CELLS - 1], ["to", 0, CELLS - 1], ["way", 0, 1]])) {
        const value = Number(given.get(key) ?? NaN);
        if (value >= least && value <= most) state[key] = value;
    }
    const side = Number(given.get("side"));
    if (SIDES.includes(side)) state.side = side;
    for (const each of (given.get("channels") ?? "").split(",")) {
        const [, channel, factor] = /^(\d{1,4}):(\d(?:\.\d+)?)$/.exec(each) ?? [];
        if (channel) state.channels[channel] = Number(factor);
    }
    for (const each of (given.get("again") ?? "").split(",")) {
        const [, cell, times] = /^(\d{1,2}):(\d{1,6})$/.exec(each) ?? [];
        if (cell && Number(cell) < CELLS) state.again[Number(cell)] = Number(times);
    }
    if (given.has("moves")) state.moves = (given.get("moves") ?? "").split(",").slice(0, MOVES).map((each) => Math.min(3, Math.max(-3, Number(each) || 0)));
    for (const key of /** @type {const} */ (["sheet", "cell", "to"])) state[key] = Math.trunc(state[key]);
    return state;
}

/** The hash that restores a state: what is as usual is left out. @param {State} state */
export function write(state) {
    const given = new URLSearchParams();
    const before = usual();
    for (const [key, value] of Object.entries(state)) {
        if (key === "channels" || key === "again") {
            const text = Object.entries(state[key]).map(([number, amount]) => `${number}:${amount}`).join(",");
            if (text) given.set(key, text);
        } else if (key === "moves") {
            if (state.moves.some((amount) => amount)) given.set(key, state.moves.join(","));
        } else if (key === "side" || value !== /** @type {any} */ (before)[key]) {
            given.set(key, String(value));
        }
    }
    return `#${given.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}
