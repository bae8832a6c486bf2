// @ts-check
// The view Train: what it learns from, how, and what comes out. The training itself is in training.js.

import { element, make } from "../common/dom.js";
import { keepForOffline } from "../common/offline.js";
import { onFiles } from "../common/source.js";
import { DEVICES } from "../common/words.js";
import { COMMANDS } from "./commands.js";
import { Knobs } from "./knobs.js";
import { builtIn, ofFiles, ofWebcam } from "./pictures.js";
import { listenForResult, offer } from "./result.js";
import { Shown } from "./shown.js";
import { BATCH, DEEPSIM, FIELDS, IMAGE, LAYERS, SIZES, SMALL, STARTS } from "./state.js";
import { keepPictures, keepState, readKept, throwAway } from "./store.js";
import { Run, Training } from "./training.js";
import { CARDS, SAY, TEXTS } from "./words.js";

/** Pictures are kept so large that the smallest crop of them is not enlarged much, for the largest crops. */
const KEPT_SIDE = 192;
const OWN = "own";

const [layer, size, start] = ["train-layer", "train-size", "train-start"].map((id) => /** @type {HTMLSelectElement} */ (element(id)));
const [beside, seed] = ["train-beside", "train-seed"].map((id) => /** @type {HTMLInputElement} */ (element(id)));
const [begin, pause, single, again, discard] = ["begin", "pause", "single", "again", "discard"].map((name) => /** @type {HTMLButtonElement} */ (element(`train-${name}`)));
const setTold = element("train-set-told");
const told = element("train-told");
const progress = /** @type {HTMLProgressElement} */ (element("train-progress"));

export class Train {
    static name = "train";
    static texts = TEXTS;
    static fields = FIELDS;
    static commands = COMMANDS;

    /** @param {import("../common/page.js").Page} page */
    constructor(page) {
        this.page = page;
        /** @type {Training | undefined} */
        this.made = undefined;
        /** @type {import("./pictures.js").PictureSet | undefined} */
        this.set = undefined;
        /** A model file of the visitor's to start from. @type {{file: Uint8Array, shape: {layer: string, width: number}, name: string} | undefined} */
        this.own = undefined;
        this.recording = false;
        this.device = "";
        /** Whether this page has looked for a training of an earlier one. */
        this.looked = false;
        this.knobs = new Knobs(() => this.training().rate = this.knobs.rate);
        this.shown = new Shown();
        this.listen();
        this.mark();
    }

    listen() {
        element("train-photographs").addEventListener("click", () => this.read((decode, tell) => builtIn(decode, tell)));
        for (const id of ["train-files", "train-folder"]) onFiles(element(`${id}-input`), (files) => this.read((decode, tell) => ofFiles(files, decode, tell)));
        element("train-webcam").addEventListener("click", () => this.record());
        element("train-webcam-end").addEventListener("click", () => { this.recording = false; });
        onFiles(element("train-own-input"), ([file]) => this.openModel(file));
        const { state } = this.page;
        layer.replaceChildren(...LAYERS.map((name) => make("option", { value: name }, SAY.layer(name))));
        size.replaceChildren(...SIZES.map((side) => make("option", { value: side }, SAY.size(side))));
        const choices = /** @type {const} */ ([[layer, "learn", String], [size, "crops", String], [start, "start", String], [seed, "trial", Number]]);
        for (const [input, key, read] of choices) input.addEventListener("change", () => { state[key] = read(input.value); this.page.remember(); });
        beside.addEventListener("change", () => { state.beside = Number(beside.checked); this.page.remember(); });
        begin.addEventListener("click", () => this.begin());
        again.addEventListener("click", () => this.begin());
        pause.addEventListener("click", () => this.toggle());
        single.addEventListener("click", () => this.training().single());
        discard.addEventListener("click", () => this.discard());
        listenForResult(this.page, () => this.made);
        document.addEventListener("visibilitychange", () => {
            if (document.hidden && this.made?.running) this.say(SAY.hidden());
        });
        this.restore();
    }

    /** Where runs are; it is made when it is first needed. */
    training() {
        if (this.made) return this.made;
        const training = new Training(this.page.engine.wanted, this.page.engine.without);
        training.rate = this.knobs.rate;
        training.addEventListener("device", (event) => {
            const { name, build } = /** @type {CustomEvent} */ (event).detail;
            this.device = DEVICES[name.kind]?.(name.detail) ?? name.kind;
            document.body.dataset.trainBuild = build;
            keepForOffline(build, "train");
        });
        training.engine.addEventListener("progress", (event) => {
            const { done, total } = /** @type {CustomEvent} */ (event).detail;
            this.advance(done, total);
        });
        training.addEventListener("step", () => this.stepped());
        training.addEventListener("look", () => this.shown.look(training));
        training.addEventListener("state", () => this.mark());
        training.addEventListener("kept", () => this.keep());
        training.addEventListener("problem", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.page.showError(kind, detail);
            this.mark();
        });
        this.made = training;
        return training;
    }

    /** @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        const has = models.some((model) => LAYERS.includes(model.layer));
        element("view-train").hidden = !has;
    }

    /** Takes up what an earlier page kept, when the view is first shown. */
    async refresh() {
        if (this.page.state.view !== Train.name || this.looked) return;
        this.looked = true;
        await this.page.runCancellable(async () => {
            const found = await readKept().catch(() => undefined);
            if (!found || this.set) return;
            const { set, kept } = found;
            this.takeSet(set);
            const runs = kept.runs.map(({ name, saved, savedStep, history }) => {
                const run = Object.assign(this.runOf(name), { saved, savedStep });
                Object.assign(run.history, history);
                return run;
            });
            this.say(SAY.beginning());
            this.shown.begin(runs);
            await this.training().restore(kept.settings, set.pictures, runs, kept.seconds);
            this.say(SAY.restored(runs[0].savedStep));
            offer(runs);
        });
        this.page.settle();
        this.mark();
    }

    restore() {
        const { state } = this.page;
        [layer.value, size.value, seed.value] = [state.learn, state.crops, String(state.trial)];
        beside.checked = state.beside === 1;
        start.replaceChildren(...[...STARTS, ...(this.own ? [OWN] : [])].map((each) => make("option", { value: each }, SAY.start(each))));
        start.value = this.own ? OWN : state.start;
    }

    /** Takes files that were dropped or pasted: a model file to start from, or pictures. @param {import("../common/source.js").Source} source */
    open({ file, name, files = [] }) {
        if (/\.safetensors$/i.test(name)) return this.openModel(new File([file], name));
        const all = files.length ? files : [new File([file], name, { type: file.type })];
        return this.read((decode, tell) => ofFiles(all, decode, tell));
    }

    /** @param {string} text */
    say(text) {
        told.textContent = text;
        this.page.setStatus(text, Train.name);
    }

    /** @param {number} done @param {number} all */
    advance(done, all) {
        progress.hidden = done >= all;
        progress.max = all || 1;
        progress.value = done;
    }

    /** Reads a set of pictures. @param {(decode: import("./pictures.js").Decode, tell: (done: number, all: number) => void) => Promise<import("./pictures.js").PictureSet>} from */
    async read(from) {
        this.page.hideError();
        await this.page.runCancellable(async () => {
            await this.training().open();
            const decode = (/** @type {Blob} */ file, /** @type {string} */ name) => this.training().engine.ask("train-decode", { file, name, side: KEPT_SIDE });
            const set = await from(decode, (done, all) => {
                this.advance(done, all);
                this.say(SAY.reading(done, all));
            });
            this.takeSet(set);
        });
        progress.hidden = true;
        this.page.settle();
    }

    /** @param {import("./pictures.js").PictureSet} set */
    takeSet(set) {
        this.set = set;
        setTold.textContent = SAY.set(set.pictures.length, set.pictures.filter(({ heldOut }) => heldOut).length, set.skipped);
        this.say(setTold.textContent);
    }

    async record() {
        const buttons = [element("train-webcam"), element("train-webcam-end")];
        this.recording = true;
        [buttons[0].hidden, buttons[1].hidden] = [true, false];
        await this.read((decode, tell) => ofWebcam(decode, tell, () => this.recording));
        [buttons[0].hidden, buttons[1].hidden] = [false, true];
    }

    /** @param {File} file */
    async openModel(file) {
        this.page.hideError();
        await this.page.runCancellable(async () => {
            const bytes = new Uint8Array(await file.arrayBuffer());
            await this.training().open();
            const shape = await this.training().engine.ask("train-about", { file: bytes });
            this.own = { file: bytes, shape, name: file.name };
            this.page.state.learn = shape.layer;
            this.restore();
            this.say(SAY.loaded(file.name));
        });
    }

    /** A run of this name with its weights. @param {string} name */
    runOf(name) {
        return new Run(name, name === IMAGE ? { image: 1, feature: 0, adversarial: 0 } : this.knobs.weights);
    }

    /** Begins anew with the settings. */
    async begin() {
        this.page.hideError();
        if (!this.set) await this.read((decode, tell) => builtIn(decode, tell));
        const { set } = this;
        if (!set) return;
        this.looked = true;
        await this.page.runCancellable(async () => {
            const { state } = this.page;
            const own = start.value === OWN ? this.own : undefined;
            const shipped = start.value === "shipped";
            const shape = own?.shape ?? { layer: state.learn, width: shipped ? 1 : SMALL };
            const options = { shape, size: Number(state.crops), batch: BATCH, seed: state.trial };
            const runs = (state.beside === 1 ? [DEEPSIM, IMAGE] : [DEEPSIM]).map((name) => this.runOf(name));
            this.say(SAY.beginning());
            this.shown.begin(runs);
            offer(runs);
            await keepPictures(set).catch(() => this.page.setStatus(SAY.notKept(), Train.name));
            const settings = { options, model: shipped ? state.learn : "", file: own?.file, card: CARDS[set.kind] };
            await this.training().begin(settings, set.pictures, runs);
            this.training().resume();
            this.page.setStatus(SAY.training(), Train.name);
        });
        this.mark();
        this.page.settle();
    }

    toggle() {
        const training = this.training();
        if (!training.running) return void training.resume();
        training.pause();
        this.page.runCancellable(() => training.save());
    }

    /** Shows what can be done now. */
    mark() {
        const { made } = this;
        const exists = made !== undefined && made.started;
        const runs = exists && made.running;
        for (const button of [pause, single, again, discard]) button.disabled = !exists;
        single.disabled = !exists || runs;
        // The keyboard goes on where it was.
        const had = document.activeElement === begin;
        begin.hidden = exists;
        if (had && exists) pause.focus();
        pause.textContent = runs || !exists ? TEXTS["train-pause"] : TEXTS["train-resume"];
        for (const id of ["train-download", "train-lab"]) /** @type {HTMLButtonElement} */ (element(id)).disabled = !exists;
        if (exists && !runs && made.runs[0]?.report) this.say(SAY.paused(made.runs[0].report.step, made.seconds));
        document.body.dataset.training = runs ? "running" : exists ? "paused" : "none";
    }

    stepped() {
        const { made } = this;
        const report = made?.runs[0]?.report;
        if (!made || !report) return;
        this.shown.steps(made);
        told.textContent = document.hidden ? SAY.hidden() : SAY.running(report.step, made.pace, made.seconds, this.device);
        document.body.dataset.trainStep = String(report.step);
        if (!made.running) this.say(SAY.paused(report.step, made.seconds));
    }

    /** Keeps the newest state in the browser. */
    async keep() {
        const { made } = this;
        if (!made?.settings) return;
        const runs = made.runs.flatMap(({ name, saved, savedStep, history }) => (saved ? [{ name, saved, savedStep, history: { ...history } }] : []));
        const settings = { ...made.settings, file: undefined };
        const words = await keepState({ settings, runs, seconds: made.seconds }).then(() => SAY.kept, () => SAY.notKept);
        element("train-kept").textContent = words();
    }

    async discard() {
        this.made?.end();
        this.made = undefined;
        this.shown.clear();
        await throwAway().catch(() => {});
        element("train-kept").textContent = "";
        this.mark();
        this.say(SAY.discarded());
    }
}
