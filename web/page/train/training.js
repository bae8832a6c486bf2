// @ts-check
// Runs and their worker: begun, stepped in turns, measured, kept, and taken up again when the worker or its device is lost. It knows nothing of the page.

import { Engine, Superseded } from "../common/engine.js";
import { Failure } from "../common/failure.js";
import { COMMANDS } from "./commands.js";
import { History } from "./history.js";

/** Milliseconds between two looks at the held-out pictures, and between two states that are kept. */
const LOOK = 1000;
const KEEP = 15_000;
/** Milliseconds between steps while the tab is hidden. */
const REST = 1000;

/** The weights of the terms. @typedef {{image: number, feature: number, adversarial: number}} Weights */
/** How runs begin. @typedef {{shape: {layer: string, width: number}, size: number, batch: number, seed: number}} Options */
/** What all runs of a training have in common: `model` is a shipped inverter to start from, `file` one of the visitor's. @typedef {{options: Options, model: string, file?: Uint8Array, card: string}} Settings */
/** Held-out pictures in a row. @typedef {{rgba: Uint8Array, pictureError: number, featureError: number}} Progress */

/** A run: its history and what it was when it was last saved. */
export class Run {
    /** @param {string} name @param {Weights} weights */
    constructor(name, weights) {
        this.name = name;
        this.weights = weights;
        this.history = new History();
        /** @type {Uint8Array | undefined} */
        this.saved = undefined;
        /** Steps that were done when it was saved. */
        this.savedStep = 0;
        /** The newest step's report. @type {any} */
        this.report = undefined;
        /** @type {Progress | undefined} */
        this.progress = undefined;
    }
}

/**
 * Events: `step` after a step of each run, `look` after the held-out pictures were inverted, `kept` when a state was saved, `state` when it begins, pauses or
 * ends, `problem` with a kind and a detail.
 */
export class Training extends EventTarget {
    /** @param {string} wanted @param {string} without see Engine */
    constructor(wanted, without) {
        super();
        this.engine = new Engine(wanted, without, "train");
        this.engine.allow(COMMANDS);
        /** @type {Run[]} */
        this.runs = [];
        /** @type {Settings | undefined} */
        this.settings = undefined;
        /** @type {import("./pictures.js").Picture[]} */
        this.pictures = [];
        /** The held-out pictures and the errors of the mean training picture. @type {Progress | undefined} */
        this.heldOut = undefined;
        this.rate = 0;
        this.running = false;
        /** Seconds of training so far, and pictures a second of the newest requests. */
        this.seconds = 0;
        this.pace = 0;
        /** Counts loops: an older one ends when a newer one begins. */
        this.turn = 0;
        this.started = false;
        /** @type {Promise<void> | undefined} */
        this.opening = undefined;
        /** What settles it. @type {{resolve: (value: void) => void, reject: (cause: unknown) => void} | undefined} */
        this.opened = undefined;
        this.engine.addEventListener("ready", (event) => this.onReady(/** @type {CustomEvent} */ (event).detail));
        this.engine.addEventListener("lost", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.report(kind, detail);
        });
        this.engine.addEventListener("failed", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.running = false;
            this.opening = undefined;
            this.opened?.reject(new Failure(kind, detail));
            this.report(kind, detail);
        });
    }

    /** @param {string} type @param {any} [detail] */
    tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    /** @param {string} kind @param {string} detail */
    report(kind, detail) {
        this.tell("problem", { kind, detail });
    }

    /** Starts the worker, once. */
    open() {
        this.opening ??= new Promise((resolve, reject) => {
            this.opened = { resolve, reject };
            this.engine.start();
        });
        return this.opening;
    }

    /** A worker is ready, the first one or one in place of a lost one: it is used if its device takes the right steps. @param {any} started */
    async onReady(started) {
        try {
            if (started.device === "webgpu") await this.engine.ask("train-self-test");
        } catch (cause) {
            if (!(cause instanceof Failure) || cause.kind !== "self-test") return this.opened?.reject(cause);
            console.warn(`WebGPU did not pass the self-test of training: ${cause.message}`);
            this.engine.restart("cpu");
            return;
        }
        this.tell("device", started);
        this.opened?.resolve();
        if (this.started) this.takeUp();
    }

    /** Gives the worker the pictures. */
    async sendPictures() {
        await this.engine.ask("train-pictures", { name: /** @type {Settings} */ (this.settings).card });
        const few = !this.pictures.some(({ heldOut }) => heldOut);
        for (const { rgba, width, height, heldOut } of this.pictures) {
            await this.engine.ask("train-picture", { rgba, width, height, heldOut });
            // So few that none is held out: they are looked at all the same.
            if (few) await this.engine.ask("train-picture", { rgba, width, height, heldOut: true });
        }
    }

    /** Begins runs from their first weights. @param {Settings} settings @param {import("./pictures.js").Picture[]} pictures @param {Run[]} runs */
    async begin(settings, pictures, runs) {
        this.pause();
        await this.open();
        Object.assign(this, { settings, pictures, runs, seconds: 0, pace: 0, heldOut: undefined });
        const { options, model, file } = settings;
        await this.sendPictures();
        for (const { name } of runs) await this.engine.ask("train-begin", { run: name, options, model: model || undefined, file });
        this.started = true;
        await this.save();
        await this.look();
    }

    /** Goes on with runs that were kept. @param {Settings} settings @param {import("./pictures.js").Picture[]} pictures @param {Run[]} runs @param {number} seconds */
    async restore(settings, pictures, runs, seconds) {
        await this.open();
        Object.assign(this, { settings, pictures, runs, seconds });
        await this.sendSaved();
        this.started = true;
        await this.look();
    }

    async sendSaved() {
        await this.sendPictures();
        for (const { name, saved, savedStep, history } of this.runs) {
            if (saved) await this.engine.ask("train-restore", { run: name, saved });
            history.truncate(savedStep);
        }
    }

    /** Another worker has taken the place of a lost one: the runs go on from what was last saved. */
    async takeUp() {
        const wasRunning = this.running;
        this.running = false;
        try {
            await this.sendSaved();
            await this.look();
            if (wasRunning) await this.resume();
        } catch (cause) {
            this.fail(cause);
        }
    }

    /** Trains until it is paused. */
    async resume() {
        if (!this.started || this.running) return;
        this.running = true;
        this.tell("state");
        const mine = ++this.turn;
        let looked = performance.now();
        let kept = looked;
        try {
            while (this.running && mine === this.turn) {
                await this.step();
                const now = performance.now();
                if (now - looked > LOOK) {
                    await this.look();
                    looked = performance.now();
                }
                if (now - kept > KEEP) {
                    await this.save();
                    kept = performance.now();
                }
                if (document.hidden) await new Promise((resolve) => { setTimeout(resolve, REST); });
            }
        } catch (cause) {
            this.fail(cause);
        }
    }

    pause() {
        if (!this.running) return;
        this.running = false;
        this.tell("state");
    }

    /** Takes one step of each run. */
    async single() {
        if (this.running) return;
        try {
            await this.step();
            await this.look();
        } catch (cause) {
            this.fail(cause);
        }
    }

    /** Takes a step of each run, so that they stay beside each other, and a slider acts at the next one. */
    async step() {
        let milliseconds = 0;
        for (const run of this.runs) {
            const answer = await this.engine.ask("train-step", { run: run.name, weights: run.weights, rate: this.rate });
            run.history.add(answer.report);
            run.report = answer.report;
            milliseconds += answer.milliseconds;
        }
        const batch = /** @type {Settings} */ (this.settings).options.batch;
        this.seconds += milliseconds / 1000;
        const pace = (batch * this.runs.length) / (milliseconds / 1000);
        this.pace = this.pace ? 0.9 * this.pace + 0.1 * pace : pace;
        this.tell("step");
    }

    /** Inverts the held-out pictures with each run. */
    async look() {
        const [first] = this.runs;
        this.heldOut ??= await this.engine.ask("train-held-out", { run: first.name });
        for (const run of this.runs) {
            const progress = await this.engine.ask("train-measure", { run: run.name });
            run.progress = progress;
            const step = run.report?.step ?? run.savedStep;
            if (run.history.measured.at(-1)?.step !== step) run.history.measure({ step, seconds: this.seconds, picture: progress.pictureError, feature: progress.featureError });
        }
        this.tell("look");
    }

    /** Saves the runs' states: what a lost worker, or a later visit, goes on from. */
    async save() {
        for (const run of this.runs) {
            run.savedStep = run.report?.step ?? run.savedStep;
            run.saved = await this.engine.ask("train-save", { run: run.name });
        }
        this.tell("kept");
    }

    /** The model file of a run. @param {string} name @returns {Promise<Uint8Array>} */
    async export(name) {
        return this.engine.ask("train-export", { run: name });
    }

    /** Ends the worker. */
    end() {
        this.pause();
        this.started = false;
        this.engine.end();
    }

    /** @param {unknown} cause */
    fail(cause) {
        // The worker is being replaced, and `takeUp` follows.
        if (cause instanceof Superseded) return;
        this.pause();
        const { kind, message } = /** @type {Failure} */ (cause);
        this.report(kind ?? "unexpected", message);
    }
}
