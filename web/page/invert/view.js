// @ts-check
// The view Invert: a picture, what each layer keeps of it, and experiments with the features.

import { element, make } from "../common/dom.js";
import { copyLink } from "../common/link.js";
import { nextTask } from "../common/page.js";
import { fetchExample, onFile, onWebcam, showExamples } from "../common/source.js";
import { channelsTab } from "./channels.js";
import { classNames } from "./classes.js";
import { COMMANDS } from "./commands.js";
import { compare } from "./compare.js";
import { Cropper } from "./crop.js";
import { Depth } from "./depth.js";
import { diagram } from "./diagram.js";
import { dreamTab } from "./dream.js";
import { Experiments } from "./experiments.js";
import { Gallery } from "./gallery.js";
import { invertedLive } from "./live.js";
import { mixTab } from "./mix.js";
import { operateTab } from "./operate.js";
import { OwnModels } from "./own.js";
import { reencodeTab } from "./reencode.js";
import { refineTab } from "./refine.js";
import { saveSheet } from "./sheet.js";
import { FIELDS, SIDES } from "./state.js";
import { SAY, TEXTS } from "./words.js";

const size = /** @type {HTMLSelectElement} */ (element("size"));

export class Invert {
    static name = "invert";
    static texts = TEXTS;
    static fields = FIELDS;
    static commands = COMMANDS;

    /** @param {import("../common/page.js").Page} page */
    constructor(page) {
        this.page = page;
        this.state = page.state;
        this.engine = page.engine;
        /** Identifies the current picture: its file, square, side and worker. */
        this.picture = "";
        this.hasPicture = false;
        /** The worker that has the picture, and the number that it gave the decoded file. */
        this.loadedBy = 0;
        this.decoded = 0;
        /** @type {[string, number, number][]} */
        this.shapes = [];
        /** @type {string[]} */
        this.classes = [];
        /** @type {import("../common/source.js").Source | undefined} */
        this.source = undefined;
        /** The number of the newest picture, and how many are being decoded. */
        this.newest = 0;
        this.decoding = 0;
        // Downloaded while the worker starts.
        this.names = classNames();
        this.early = page.state.view === Invert.name ? fetchExample(this.state.example || FIELDS.example.usual()).catch(() => undefined) : undefined;
        this.models = new OwnModels(this);
        this.gallery = new Gallery(this);
        this.depth = new Depth(this);
        this.experiments = new Experiments(this, (experiments) => ({
            operate: operateTab(this, experiments),
            channels: channelsTab(this, experiments),
            mix: mixTab(this, experiments),
            reencode: reencodeTab(this, experiments),
            refine: refineTab(this, experiments),
            dream: dreamTab(this, experiments),
        }));
        this.cropper = new Cropper(() => this.cut());
        this.live = invertedLive(this);
        this.listen();
    }

    listen() {
        size.replaceChildren(...SIDES.map((side) => make("option", { value: side }, SAY.pixels(side))));
        size.value = String(this.state.side);
        size.addEventListener("change", () => {
            this.state.side = Number(size.value);
            this.page.remember();
            this.cut();
        });
        onFile(element("file"), (source) => this.open(source));
        onWebcam(element("webcam"), (source) => this.open(source), (kind, detail) => this.page.showError(kind, detail));
        showExamples(element("examples"), (example) => this.openExample(example));
        element("save-sheet").addEventListener("click", () => saveSheet(this.experiments.cards()));
        element("copy-link").addEventListener("click", async () => {
            this.page.remember();
            this.page.setStatus(await copyLink(location.href, !this.state.example));
        });
    }

    /** @param {import("../common/weights.js").Entry[]} models */
    async build(models) {
        this.models.shipped = models;
        this.gallery.build(models);
        this.depth.build(models);
        await nextTask();
        this.experiments.build(models);
        this.classes = await this.names;
    }

    /** Inverts the picture when the view is visible, once for each worker. */
    async refresh() {
        if (this.state.view !== Invert.name || this.loadedBy === this.page.workers) return;
        this.loadedBy = this.page.workers;
        this.decoded = 0;
        await this.page.runCancellable(() => this.models.reload());
        if (this.source) await this.open(this.source, true);
        else await this.openExample(this.state.example || FIELDS.example.usual());
    }

    async restore() {
        const side = Number(size.value);
        size.value = String(this.state.side);
        this.experiments.restore();
        this.depth.restore();
        if (!this.engine.ready || this.state.view !== Invert.name) return;
        if (this.loadedBy !== this.page.workers) await this.refresh();
        else if (this.state.example && this.state.example !== this.source?.example) await this.openExample(this.state.example);
        else if (side !== this.state.side) await this.cut();
        else this.experiments.refresh();
    }

    /** @param {number} index */
    className = (index) => this.classes[index] ?? String(index);

    /** Name, channels and grid of the layer that a model inverts. @param {string} model @returns {[string, number, number]} */
    shapeOf(model) {
        const layer = this.models.all().find(({ name }) => name === model)?.layer ?? "";
        return this.shapes.find(([name]) => name === layer) ?? [layer, 1, 1];
    }

    /** Puts an inverter of the visitor's beside those of the page. @param {string} title of its file @param {Uint8Array} file */
    async addModel(title, file) {
        await this.models.add(title, file);
        const all = this.models.all();
        this.gallery.build(all);
        this.depth.build(all);
        this.experiments.build(all);
        this.page.remember();
        await this.cut();
    }

    /** @param {string} name */
    compare = (name) => compare(this.experiments.cards(), name === "plain" ? this.state.inverter : name);

    /** Drops waiting requests about the picture: it is being replaced. */
    forget() {
        this.engine.drop((request) => request.type in COMMANDS || request.lane.startsWith("decode"));
    }

    /**
     * Opens another picture, or the same one in a new worker: then an error stays visible.
     * @param {import("../common/source.js").Source} source @param {boolean} [again]
     */
    async open(source, again = false) {
        if (!again) this.page.hideError();
        if (OwnModels.fits(source.name)) {
            await this.page.runCancellable(async () => this.addModel(source.name, new Uint8Array(await source.file.arrayBuffer())));
            return;
        }
        this.live.end();
        this.newest += 1;
        this.decoding += 1;
        this.page.setStatus(SAY.looking(), Invert.name);
        await this.page.runCancellable(async () => {
            this.forget();
            const { file, name } = source;
            const decoded = await this.engine.ask("decode", { slot: "a", file, name }, { lane: "decode a", urgency: 5 });
            // Even if another picture has been requested by now: the worker holds this one, and the other may turn out not to be a picture.
            this.decoded = decoded.picture;
            this.source = source;
            this.state.example = source.example;
            this.page.remember();
            this.page.recordTime("decode", decoded.milliseconds);
            this.cropper.open(decoded);
            for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-example]"))) each.setAttribute("aria-pressed", String(each.dataset.example === source.example));
        });
        this.decoding -= 1;
        await this.cut();
        this.page.settle();
    }

    /** @param {string} example */
    async openExample(example) {
        this.page.hideError();
        const early = await this.early;
        this.early = undefined;
        await this.page.runCancellable(async () => this.open(early?.example === example ? early : await fetchExample(example), true));
    }

    /** Cuts the square out of the picture and inverts it. While another picture is being decoded this waits for that one. */
    async cut() {
        if (!this.decoded || this.decoding || !this.engine.ready) return;
        const mine = this.newest;
        const { side } = this.state;
        await this.page.runCancellable(async () => {
            this.forget();
            this.shapes = await this.engine.ask("layers", { side }, { lane: "layers", urgency: 5 });
            if (mine !== this.newest) return;
            const crop = this.cropper.square();
            if (this.page.first) {
                this.gallery.showFirst(this.page.first, await this.engine.ask("first", { slot: "a", picture: this.decoded, crop, side }, { lane: "cut a", urgency: 5 }));
                if (mine !== this.newest) return;
            }
            const taken = await this.engine.ask("cut", { slot: "a", picture: this.decoded, crop, side }, { lane: "cut a", urgency: 5 });
            if (mine !== this.newest) return;
            this.page.first = "";
            this.picture = `${mine} ${JSON.stringify(crop)} ${side} ${this.page.workers}`;
            this.hasPicture = true;
            this.experiments.clear();
            this.gallery.show(taken);
            this.page.recordTime("features", taken.milliseconds);
            diagram(this.shapes, side);
            this.experiments.refresh();
            await this.gallery.fill();
        });
        this.page.settle();
    }
}
