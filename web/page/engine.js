// @ts-check
// The page's side of the worker: asks it one thing at a time, drops what nobody waits for any more, starts a new one when it is lost.

import { Failure } from "./failure.js";

/** A newer question took this one's place, or the picture it was about is gone. */
export class Superseded extends Error {}

/**
 * @typedef {object} Question
 * @property {number} id
 * @property {string} type
 * @property {object} body
 * @property {string} lane of two questions in one lane that both wait, only the newer one is asked
 * @property {number} urgency larger ones are asked first
 * @property {(value: any) => void} resolve
 * @property {(cause: Error) => void} reject
 */

/** How many workers may be lost one after the other before the page stays on the processor, and before it gives up. */
const LOSSES = { processor: 3, end: 5 };

export class Engine extends EventTarget {
    /** @param {string} wanted `auto`, `webgpu` or `cpu` */
    constructor(wanted) {
        super();
        this.wanted = wanted;
        this.losses = 0;
        this.newest = 0;
        /** @type {Question[]} */
        this.waiting = [];
        /** @type {Question | undefined} */
        this.asked = undefined;
        this.ready = false;
    }

    /** Starts a worker; `ready` or `failed` follows. */
    start() {
        this.ready = false;
        const device = this.losses >= LOSSES.processor ? "cpu" : this.wanted;
        this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
        this.worker.addEventListener("message", (event) => this.receive(event.data, event.target));
        this.worker.addEventListener("error", (event) => {
            event.preventDefault();
            this.lose("crashed", event.message ?? "");
        });
        this.worker.postMessage({ id: 0, type: "start", body: { device } });
    }

    /** Ends the worker and starts another one on this device. @param {string} wanted */
    restart(wanted) {
        this.wanted = wanted;
        this.losses = 0;
        this.end();
        this.start();
    }

    /**
     * @param {string} type @param {object} [body]
     * @param {{lane?: string, urgency?: number}} [how]
     * @returns {Promise<any>}
     */
    ask(type, body = {}, { lane = "", urgency = 0 } = {}) {
        if (lane) this.drop((question) => question.lane === lane);
        return new Promise((resolve, reject) => {
            this.waiting.push({ id: ++this.newest, type, body, lane, urgency, resolve, reject });
            this.next();
        });
    }

    /** Drops the questions about the laboratory's picture that wait: it is gone. */
    forget() {
        this.drop((question) => !question.lane.startsWith("generate"));
    }

    /** @param {(question: Question) => boolean} which */
    drop(which) {
        const dropped = this.waiting.filter(which);
        this.waiting = this.waiting.filter((question) => !which(question));
        for (const question of dropped) question.reject(new Superseded(question.type));
    }

    next() {
        if (!this.ready || this.asked || !this.waiting.length) return;
        const urgency = Math.max(...this.waiting.map((question) => question.urgency));
        const [question] = this.waiting.splice(this.waiting.findIndex((each) => each.urgency === urgency), 1);
        this.asked = question;
        this.worker?.postMessage({ id: question.id, type: question.type, body: question.body });
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
        } else if (data.id === this.asked?.id) {
            const question = /** @type {Question} */ (this.asked);
            this.asked = undefined;
            if (!data.failure) {
                this.losses = 0;
                question.resolve(data.value);
            } else if (data.failure.kind === "superseded") {
                question.reject(new Superseded(question.type));
            } else if (data.failure.kind === "device" || data.failure.kind === "unexpected") {
                question.reject(new Superseded(question.type));
                return this.lose("crashed", data.failure.detail);
            } else {
                question.reject(new Failure(data.failure.kind, data.failure.detail));
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
        this.asked?.reject(new Superseded("the worker ended"));
        this.asked = undefined;
    }
}
