// @ts-check
// The worker: answers commands of the page, one at a time.
//
// page -> worker: {id, type, body}; worker -> page: {id, value} or {id, failure: {kind, detail}}, and meanwhile
// {event: "progress", name, done, total} and {event: "device-lost", detail}.

import { COMMON, check } from "./common/commands.js";
import { Failure } from "./common/failure.js";
import { COMMANDS as ENLARGE } from "./enlarge/commands.js";
import { FUNCTIONS as enlarge } from "./enlarge/worker.js";
import { COMMANDS as GENERATE } from "./generate/commands.js";
import { FUNCTIONS as generate } from "./generate/worker.js";
import { COMMANDS as INVERT } from "./invert/commands.js";
import { FUNCTIONS as invert } from "./invert/worker.js";
import { COMMANDS as RESTYLE } from "./restyle/commands.js";
import { FUNCTIONS as restyle } from "./restyle/worker.js";
import { COMMANDS as TRAIN } from "./train/commands.js";
import { FUNCTIONS as train } from "./train/worker.js";
import { FUNCTIONS as common } from "./worker/common.js";

/** A new view's commands are added here. */
const COMMANDS = { ...COMMON, ...INVERT, ...GENERATE, ...RESTYLE, ...ENLARGE, ...TRAIN };
const FUNCTIONS = { ...common, ...invert, ...generate, ...restyle, ...enlarge, ...train };

addEventListener("message", async ({ data: { id, type, body } }) => {
    const begun = performance.now();
    try {
        check(COMMANDS, type, body);
        const value = await FUNCTIONS[type](body);
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
