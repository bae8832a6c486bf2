// @ts-check
// The page's side of the worker: sends it one command at a time, drops commands that a newer one replaces, starts a new worker when one is lost.

import { WANTED, startWorker, takeEarly } from "../early.js";
import { COMMON, check } from "./commands.js";
import { Failure } from "./failure.js";

/** A newer request replaced this one, or its picture has been replaced. */
export class Superseded extends Error {}

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string} type
 * @property {object} body
 * @property {string} lane of two waiting requests in one lane only the newer one is sent
 * @property {number} urgency larger ones are sent first
 * @property {(value: any) => void} resolve
 * @property {(cause: Error) => void} reject
 */

/** How many workers may be lost one after the other before the page stays on the processor, and before it gives up. */
const LOSSES = { processor: 3, end: 5 };

export class Engine extends EventTarget {
    /**
     * @param {string} wanted `auto`, `webgpu` or `cpu`
     * @param {string} without what not to use of `threads`, `relaxed-simd`, with a comma between
     * @param {string} [task] what the worker is for: `show`, or `train`, which needs a larger build
     */
    constructor(wanted, without, task = "show") {
        super();
        this.wanted = wanted;
        this.without = without;
        this.task = task;
        this.losses = 0;
        this.newest = 0;
        /** @type {Request[]} */
        this.waiting = [];
        /** The request that the worker is busy with. @type {Request | undefined} */
        this.current = undefined;
        /** @type {import("./commands.js").Commands} */
        this.commands = { ...COMMON };
        this.ready = false;
    }

    /** Starts a worker; `ready` or `failed` follows. */
    start() {
        this.ready = false;
        const device = this.losses >= LOSSES.processor ? "cpu" : this.wanted;
        const early = device === WANTED.device && this.task === "show" ? takeEarly() : undefined;
        const worker = early?.worker ?? startWorker(device, this.without, this.task);
        this.worker = worker;
        const answer = (/** @type {Event} */ event) => (event instanceof MessageEvent ? this.receive(event.data, worker) : this.fall(/** @type {ErrorEvent} */ (event), worker));
        for (const event of early?.events ?? []) answer(event);
        worker.addEventListener("message", answer);
        worker.addEventListener("error", answer);
    }

    /** The worker ended by an error of its own. @param {ErrorEvent} event @param {EventTarget} worker */
    fall(event, worker) {
        event.preventDefault();
        if (worker === this.worker) this.lose("crashed", event.message ?? "");
    }

    /** Ends the worker and starts another one on this device. @param {string} wanted */
    restart(wanted) {
        this.wanted = wanted;
        this.losses = 0;
        this.end();
        this.start();
    }

    /** Allows further commands. @param {import("./commands.js").Commands} commands */
    allow(commands) {
        Object.assign(this.commands, commands);
    }

    /**
     * Sends a command to the worker, when its turn comes, and returns the answer.
     * @param {string} type @param {Record<string, any>} [body]
     * @param {{lane?: string, urgency?: number}} [how]
     * @returns {Promise<any>}
     */
    ask(type, body = {}, { lane = "", urgency = 0 } = {}) {
        check(this.commands, type, body);
        if (lane) this.drop((request) => request.lane === lane);
        return new Promise((resolve, reject) => {
            this.waiting.push({ id: ++this.newest, type, body, lane, urgency, resolve, reject });
            this.next();
        });
    }

    /** Drops the waiting requests that fulfil a condition. @param {(request: Request) => boolean} which */
    drop(which) {
        const dropped = this.waiting.filter(which);
        this.waiting = this.waiting.filter((request) => !which(request));
        for (const request of dropped) request.reject(new Superseded(request.type));
    }

    /** Whether the worker has started and nothing is asked of it. */
    get isIdle() {
        return this.ready && !this.current && !this.waiting.length;
    }

    next() {
        if (!this.ready || this.current || !this.waiting.length) return;
        const urgency = Math.max(...this.waiting.map((request) => request.urgency));
        const [request] = this.waiting.splice(this.waiting.findIndex((each) => each.urgency === urgency), 1);
        this.current = request;
        this.worker?.postMessage({ id: request.id, type: request.type, body: request.body });
    }

    /** @param {any} data @param {EventTarget | null} worker */
    receive(data, worker) {
        if (worker !== this.worker) return;
        if (data.event === "device-lost") {
            this.lose("device-lost", data.detail);
        } else if (data.event) {
            this.dispatchEvent(new CustomEvent(data.event, { detail: data }));
        } else if (data.id === 0) {
            if (data.failure) return this.fail(data.failure);
            this.ready = true;
            this.dispatchEvent(new CustomEvent("ready", { detail: data.value }));
            this.next();
        } else if (data.id === this.current?.id) {
            const request = /** @type {Request} */ (this.current);
            this.current = undefined;
            if (!data.failure) {
                this.losses = 0;
                request.resolve(data.value);
            } else if (data.failure.kind === "superseded") {
                request.reject(new Superseded(request.type));
            } else if (data.failure.kind === "device" || data.failure.kind === "unexpected") {
                request.reject(new Superseded(request.type));
                return this.lose("crashed", data.failure.detail);
            } else {
                request.reject(new Failure(data.failure.kind, data.failure.detail));
            }
            this.next();
        }
    }

    /** @param {{kind: string, detail: string}} failure */
    fail(failure) {
        this.end();
        this.dispatchEvent(new CustomEvent("failed", { detail: failure }));
    }

    /** The worker cannot go on: another one takes its place. @param {string} kind @param {string} detail */
    lose(kind, detail) {
        this.losses += 1;
        this.end();
        if (this.losses >= LOSSES.end) return this.fail({ kind: "gave-up", detail });
        this.dispatchEvent(new CustomEvent("lost", { detail: { kind, detail } }));
        this.start();
    }

    end() {
        this.worker?.terminate();
        this.worker = undefined;
        this.ready = false;
        this.drop(() => true);
        this.current?.reject(new Superseded("the worker ended"));
        this.current = undefined;
    }
}
