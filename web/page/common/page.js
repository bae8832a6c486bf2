// @ts-check
// What all views share: the state, the engine, the status line, errors. It knows neither tensors nor what a view shows.

import { WANTED } from "../early.js";
import { element, fillWords } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Engine, Superseded } from "./engine.js";
import { readState, writeState } from "./fields.js";
import { keepForOffline } from "./offline.js";
import { Silence } from "./silence.js";
import { listen } from "./source.js";
import { Views } from "./views.js";
import { SAY, TEXTS, problem } from "./words.js";

/** Yields to the browser, so that the start is not one long task. */
export const nextTask = () => new Promise((resolve) => { setTimeout(resolve, 0); });

/** Fields of all views; throws if two have one of the same name, which would be one state for both. @param {Record<string, import("./fields.js").Field>[]} all */
function joined(all) {
    const names = all.flatMap(Object.keys);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice) throw new Error(`two views have a field ${twice}`);
    return Object.assign({}, ...all);
}

/** Quarters of a second without work after which the worker counts as idle. */
const CALM = 2;

const status = element("status");
const error = element("problem");
const progress = /** @type {HTMLProgressElement} */ (element("progress"));

export class Page {
    /** @param {import("./views.js").ViewClass[]} classes */
    constructor(classes) {
        fillWords(Object.assign({}, TEXTS, ...classes.map((View) => View.texts)));
        /** The fields of a link, with how each is read and written. */
        this.fields = joined([Views.fields(classes), ...classes.map((View) => View.fields)]);
        /** @type {Record<string, any>} */
        this.state = readState(this.fields, location.hash);
        this.engine = new Engine(WANTED.device, WANTED.without);
        /** How many workers were started so far. */
        this.workers = 0;
        /** The inverter with which the worker can invert before it has all of SqueezeNet; nothing if it has. */
        this.first = "";
        /** The last status line of each view. @type {Record<string, string>} */
        this.statusByView = {};
        this.drawer = new Drawer(this);
        this.views = new Views(this, classes);
    }

    /** The view of a name. @param {string} name */
    view(name) {
        return this.views.byName.get(name);
    }

    /** Sets a view's status line; each view keeps its own. @param {string} text @param {string} [view] */
    setStatus(text, view = this.state.view) {
        this.statusByView[view] = text;
        if (view === this.state.view) status.textContent = text;
    }

    /** Shows the last status line of the visible view. */
    restoreStatus() {
        this.setStatus(this.statusByView[this.state.view] ?? "");
    }

    /** @param {string} kind a key of the error sentences in words.js @param {string} [detail] */
    showError(kind, detail = "") {
        error.textContent = problem(kind, detail);
        error.dataset.kind = kind;
        error.hidden = false;
        console.warn(`${kind}: ${detail}`);
    }

    /** Says so if the page that is open is not the one that the server has. */
    async showUpdate() {
        const response = await fetch("version.txt", { cache: "no-store" }).catch(() => undefined);
        const version = response?.ok ? (await response.text()).trim() : "";
        if (version && version !== document.documentElement.dataset.version) this.showError("updated");
    }

    hideError() {
        error.hidden = true;
    }

    /** Runs a task that a newer request may cancel, and shows its error if it fails. @param {() => Promise<void>} task */
    async runCancellable(task) {
        try {
            await task();
        } catch (cause) {
            if (cause instanceof Superseded) return;
            const { kind, message } = /** @type {import("./failure.js").Failure} */ (cause);
            this.showError(kind ?? "unexpected", message);
            progress.hidden = true;
        }
    }

    /** Records the duration of a stage for the drawer. @param {string} stage @param {number} milliseconds */
    recordTime(stage, milliseconds) {
        this.drawer.recordTime(stage, milliseconds);
    }

    /** Writes the state into the address, where a link takes it from. */
    remember() {
        history.replaceState(null, "", writeState(this.fields, this.state));
    }

    /** Follows a link that changes the hash alone: the browser then loads nothing anew. */
    async restore() {
        // The same object: views hold on to it.
        Object.assign(this.state, readState(this.fields, location.hash));
        this.views.mark();
        await this.views.restore();
        this.restoreStatus();
    }

    /** Waits until nothing has been asked of the worker for a moment. */
    async untilIdle() {
        for (let calm = 0; calm < CALM; calm++) {
            await new Promise((resolve) => { setTimeout(resolve, 250); });
            if (!this.engine.isIdle) calm = -1;
        }
    }

    /** `data-state` says whether work is pending; tests and screen readers wait for that. */
    settle() {
        setTimeout(() => {
            const busy = !this.engine.isIdle;
            document.body.dataset.state = busy ? "working" : "done";
            if (busy) return setTimeout(() => this.settle(), 30);
        }, 0);
    }

    /** @param {CustomEvent} event */
    async onReady({ detail }) {
        progress.hidden = true;
        this.workers += 1;
        this.first = detail.first;
        document.body.dataset.device = detail.device;
        document.body.dataset.build = detail.build;
        keepForOffline(detail.build);
        document.body.dataset.readyAfter ??= performance.now().toFixed(0);
        this.drawer.ready(detail);
        if (this.workers === 1) await this.views.build(detail.models);
        await this.views.current().refresh();
    }

    start() {
        listen((source) => this.views.current().open(source));
        this.engine.addEventListener("progress", (event) => {
            const { name, done, total } = /** @type {CustomEvent} */ (event).detail;
            progress.hidden = done >= total;
            progress.max = total || 1;
            progress.value = done;
            this.setStatus(SAY.loading(name, done, total));
        });
        const waiting = new Silence(() => this.setStatus(SAY.stillWaiting()));
        // Networks that are loaded once the program is there have sentences of their own.
        let starts = true;
        this.engine.addEventListener("progress", () => { if (starts) waiting.heard(); });
        this.engine.addEventListener("lost", () => { starts = true; waiting.heard(); });
        for (const event of ["ready", "failed"]) this.engine.addEventListener(event, () => { starts = false; waiting.end(); });
        this.engine.addEventListener("ready", (event) => this.onReady(/** @type {CustomEvent} */ (event)));
        this.engine.addEventListener("lost", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.showError(kind, detail);
            document.body.dataset.state = "loading";
        });
        this.engine.addEventListener("failed", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.showError(kind, detail);
            progress.hidden = true;
            document.body.dataset.state = "failed";
        });
        addEventListener("hashchange", () => this.restore());
        this.setStatus(SAY.starting());
        this.engine.start();
    }
}
