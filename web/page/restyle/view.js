// @ts-check
// The view Restyle: a photo in a mixture of styles, live.

import { element, make, save } from "../common/dom.js";
import { copyLink } from "../common/link.js";
import { networkDiagram } from "../common/network.js";
import { fetchExample, onFile, onWebcam, showExamples } from "../common/source.js";
import { blend } from "./blend.js";
import { COMMANDS } from "./commands.js";
import { saveFull } from "./full.js";
import { paintedLive } from "./live.js";
import { FIELDS, SIZES, SLOT } from "./state.js";
import { SAY, TEXTS } from "./words.js";

/** The shortest side that the network paints. */
const SHORTEST = 16;

const canvas = /** @type {HTMLCanvasElement} */ (element("restyle-canvas"));
const strength = /** @type {HTMLInputElement} */ (element("restyle-strength"));
const size = /** @type {HTMLSelectElement} */ (element("restyle-size"));
const colours = /** @type {HTMLInputElement} */ (element("restyle-colours"));
const list = element("restyle-styles");

export class Restyle {
    static name = "restyle";
    static texts = TEXTS;
    static fields = FIELDS;
    static commands = COMMANDS;

    /** @param {import("../common/page.js").Page} page */
    constructor(page) {
        this.page = page;
        /** The network's name. */
        this.model = "";
        /** @type {string[]} */
        this.styles = [];
        /** @type {import("../common/source.js").Source | undefined} */
        this.source = undefined;
        /** The picture in the worker: its number and size, and which worker has it. */
        this.picture = { number: 0, width: 0, height: 0 };
        this.loadedBy = 0;
        /** The newest painting and the photo of the same size. @type {import("./blend.js").Pair | undefined} */
        this.pair = undefined;
        this.live = paintedLive(page, this, (pair) => this.draw(pair));
        this.listen();
    }

    listen() {
        const { state } = this.page;
        onFile(element("restyle-file"), (source) => this.open(source));
        onWebcam(element("restyle-webcam"), (source) => this.open(source), (kind, detail) => this.page.showError(kind, detail));
        showExamples(element("restyle-examples"), (example) => this.page.runCancellable(async () => this.open(await fetchExample(example))));
        size.append(...SIZES.map((each) => make("option", { value: String(each) }, SAY.size(each))));
        size.addEventListener("change", () => {
            state.painted = Number(size.value);
            this.changed();
        });
        strength.addEventListener("input", () => {
            state.strength = Number(strength.value);
            this.page.remember();
            this.draw();
        });
        colours.addEventListener("change", () => {
            state.colours = colours.checked ? "photo" : "style";
            this.page.remember();
            this.draw();
        });
        element("restyle-save").addEventListener("click", () => this.page.runCancellable(() => saveFull(this.page, this)));
        element("restyle-save-shown").addEventListener("click", () => canvas.toBlob((blob) => { if (blob) save(blob, "deepsim-restyled.png"); }));
        element("restyle-copy").addEventListener("click", async () => this.page.setStatus(await copyLink(location.href, !state.photo)));
    }

    /** Offers the view if the page has a style network. @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        this.model = models.find((model) => model.restyles)?.name ?? "";
        element("view-restyle").hidden = !this.model;
        element("restyle-diagram").replaceChildren(networkDiagram(SAY.network, [
            { name: SAY.layers.photo, level: 0, channels: 3 },
            { name: SAY.layers.half, level: 1, channels: 32 },
            { name: SAY.layers.quarter, level: 2, channels: 64 },
            { name: SAY.layers.blocks, level: 2, channels: 64 },
            { name: SAY.layers.half, level: 1, channels: 32 },
            { name: SAY.layers.painting, level: 0, channels: 3 },
        ]));
    }

    /** Opens the first example when the view is first shown, and the picture again after another worker has started. */
    async refresh() {
        if (this.page.state.view !== Restyle.name || !this.model || this.loadedBy === this.page.workers) return;
        this.loadedBy = this.page.workers;
        await this.page.runCancellable(async () => {
            this.styles = await this.page.engine.ask("styles", { name: this.model }, { lane: "styles", urgency: 6 });
            this.showStyles();
            await this.open(this.source ?? (await fetchExample(this.page.state.photo || FIELDS.photo.usual())));
        });
    }

    async restore() {
        const { photo } = this.page.state;
        this.showStyles();
        if (this.loadedBy && photo && photo !== this.source?.example) await this.page.runCancellable(async () => this.open(await fetchExample(photo)));
        else await this.changed();
    }

    /** @param {import("../common/source.js").Source} source */
    async open(source) {
        this.page.hideError();
        this.live.end();
        this.source = source;
        this.page.state.photo = source.example;
        this.page.remember();
        await this.page.runCancellable(async () => {
            const { file, name } = source;
            const { picture, width, height, preview } = await this.page.engine.ask("decode", { slot: SLOT, file, name }, { lane: "restyle decode", urgency: 5 });
            preview.close();
            this.picture = { number: picture, width, height };
            await this.paint();
        });
        this.page.settle();
    }

    /** The weight of each style; without a choice the first style alone. @returns {number[]} */
    weights() {
        const given = this.styles.map((_, index) => this.page.state.styles[index] ?? 0);
        return given.some((each) => each > 0) ? given : given.map((_, index) => (index ? 0 : 100));
    }

    /** Shows each style with its slider. */
    showStyles() {
        const { state } = this.page;
        strength.value = String(state.strength);
        size.value = String(state.painted);
        colours.checked = state.colours === "photo";
        const weights = this.weights();
        const chosen = (/** @type {number[]} */ to) => {
            state.styles = to;
            this.showWeights();
            this.changed();
        };
        if (list.childElementCount !== this.styles.length) {
            list.replaceChildren(...this.styles.map((name, index) => {
                const picture = make("img", { src: `styles/${name}.jpg`, alt: "", width: 96, height: 96, loading: "lazy" });
                const alone = make("button", { type: "button", dataset: { style: name }, onclick: () => chosen(this.styles.map((_, each) => (each === index ? 100 : 0))) }, picture, make("span", {}, SAY.style(name)));
                const slider = make("input", { type: "range", min: "0", max: "100", step: "1", value: String(weights[index]), "aria-label": SAY.weight(name) });
                slider.addEventListener("input", () => chosen(this.weights().map((weight, each) => (each === index ? Number(slider.value) : weight))));
                return make("li", {}, alone, slider);
            }));
        }
        this.showWeights();
    }

    showWeights() {
        const weights = this.weights();
        const sum = weights.reduce((total, weight) => total + weight, 0);
        [...list.children].forEach((item, index) => {
            const [button, slider] = /** @type {[HTMLButtonElement, HTMLInputElement]} */ ([...item.children]);
            button.setAttribute("aria-pressed", String(weights[index] > 0));
            slider.value = String(weights[index]);
            slider.setAttribute("aria-valuetext", SAY.percent((100 * weights[index]) / sum));
        });
    }

    async changed() {
        this.page.remember();
        if (!this.picture.number || this.live.runs()) return;
        await this.page.runCancellable(() => this.paint());
        this.page.settle();
    }

    /** The picture's size when its longer side has so many pixels. @param {number} longer */
    sizeOf(longer) {
        const { width, height } = this.picture;
        const side = (/** @type {number} */ length) => Math.max(SHORTEST, Math.round((length * longer) / Math.max(width, height)));
        return { width: side(width), height: side(height) };
    }

    /** Paints the picture at the chosen size. */
    async paint() {
        this.page.setStatus(SAY.painting(), Restyle.name);
        const painted = await this.page.engine.ask("restyle", { name: this.model, slot: SLOT, picture: this.picture.number, ...this.sizeOf(this.page.state.painted), weights: this.weights() }, { lane: "restyle", urgency: 2 });
        this.draw(painted);
        this.page.recordTime(`paint ${painted.width} x ${painted.height}`, painted.milliseconds);
        this.page.setStatus(SAY.done(painted.width, painted.height, painted.milliseconds), Restyle.name);
    }

    /** Draws a painting, mixed with its photo as the controls say. @param {import("./blend.js").Pair} [pair] */
    draw(pair = this.pair) {
        if (!pair) return;
        this.pair = pair;
        const { strength: share, colours: whose } = this.page.state;
        blend(canvas, pair, share / 100, whose === "photo");
        const weights = this.weights();
        canvas.setAttribute("aria-label", SAY.canvas(this.styles.filter((_, index) => weights[index]).map(SAY.style)));
        canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
    }
}
