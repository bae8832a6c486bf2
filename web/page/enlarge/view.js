// @ts-check
// The view Enlarge: a picture four times as large, tile by tile, and two enlargements of it side by side.

import { element, make, save } from "../common/dom.js";
import { networkDiagram } from "../common/network.js";
import { fetchExample, onFile, onWebcam, showExamples } from "../common/source.js";
import { COMMANDS } from "./commands.js";
import { FIELDS } from "./state.js";
import { SAY, TEXTS } from "./words.js";

/** Pixels of the largest picture that is enlarged: its enlargement has sixteen times as many, in a canvas for each layer. */
const MOST_PIXELS = 2e6;
/** Seconds that an enlargement may take without being asked for twice. */
const PATIENCE = 10;
const BICUBIC = "bicubic";
const SLOT = "e";

const left = /** @type {HTMLSelectElement} */ (element("enlarge-left"));
const right = /** @type {HTMLSelectElement} */ (element("enlarge-right"));
const boundary = /** @type {HTMLInputElement} */ (element("enlarge-place"));
const wipe = element("enlarge-wipe");
const lens = /** @type {HTMLCanvasElement} */ (element("lens"));
const told = element("enlarge-told");
const progress = /** @type {HTMLProgressElement} */ (element("enlarge-progress"));
const go = /** @type {HTMLButtonElement} */ (element("enlarge-go"));
const smaller = /** @type {HTMLButtonElement} */ (element("enlarge-smaller"));
const cancel = /** @type {HTMLButtonElement} */ (element("enlarge-cancel"));

/** @typedef {{columns: {start: number, end: number}, rows: {start: number, end: number}}} Tile */
/** An enlargement: its canvas, and how many tiles are drawn. @typedef {{name: string, title: string, canvas: HTMLCanvasElement, done: number}} Layer */

export class Enlarge {
    static name = "enlarge";
    static texts = TEXTS;
    static fields = FIELDS;
    static commands = COMMANDS;

    /** @param {import("../common/page.js").Page} page */
    constructor(page) {
        this.page = page;
        /** @type {import("../common/weights.js").Entry[]} */
        this.models = [];
        /** @type {Layer[]} */
        this.layers = [];
        /** @type {Tile[]} */
        this.tiles = [];
        /** @type {import("../common/source.js").Source | undefined} */
        this.source = undefined;
        /** The number of the picture in the worker, and which worker has it. */
        this.picture = 0;
        this.loadedBy = 0;
        /** Counts what was begun: an older run ends when a newer one begins. */
        this.run = 0;
        this.listen();
    }

    listen() {
        const { state } = this.page;
        onFile(element("enlarge-file"), (source) => this.open(source));
        onWebcam(element("enlarge-webcam"), (source) => this.open(source), (kind, detail) => this.page.showError(kind, detail));
        showExamples(element("enlarge-examples"), (example) => this.openExample(example));
        for (const [select, key] of /** @type {const} */ ([[left, "left"], [right, "right"]])) {
            select.addEventListener("change", () => {
                state[key] = select.value;
                this.page.remember();
                this.show();
                this.work();
            });
        }
        const move = (/** @type {number} */ to) => {
            state.boundary = Math.min(100, Math.max(0, to));
            boundary.value = String(state.boundary);
            this.page.remember();
            this.part();
        };
        boundary.addEventListener("input", () => move(Number(boundary.value)));
        wipe.addEventListener("pointermove", (event) => {
            const { left: start, top, width, height } = wipe.getBoundingClientRect();
            const at = { x: (event.clientX - start) / width, y: (event.clientY - top) / height };
            if (event.buttons & 1) move(Math.round(at.x * 100));
            this.magnify(at.x, at.y);
        });
        wipe.addEventListener("pointerleave", () => { lens.hidden = true; });
        go.addEventListener("click", () => this.work(true));
        smaller.addEventListener("click", () => this.shrink());
        cancel.addEventListener("click", () => {
            this.run += 1;
            this.end(SAY.cancelled());
        });
        element("enlarge-save").addEventListener("click", () => {
            const layer = this.layer(right.value);
            layer?.canvas.toBlob((blob) => { if (blob) save(blob, `deepsim-${layer.name}.png`); });
        });
    }

    /** Offers the view if the page has upscalers. @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        this.models = models.filter((model) => model.enlarges);
        element("view-enlarge").hidden = !this.models.length;
        element("enlarge-diagram").replaceChildren(networkDiagram(SAY.network, [
            { name: SAY.layers.photo, level: 2, channels: 3 },
            { name: SAY.layers.first, level: 2, channels: 48 },
            { name: SAY.layers.blocks, level: 2, channels: 48 },
            { name: SAY.layers.numbers, level: 2, channels: 48 },
            { name: SAY.layers.large, level: 0, channels: 3 },
        ]));
        const choices = [{ name: BICUBIC, loss: "" }, ...this.models];
        for (const select of [left, right]) select.replaceChildren(...choices.map(({ name, loss }) => make("option", { value: name }, SAY.layer(loss))));
    }

    /** Opens the first example when the view is first shown, and the picture again after another worker has started. */
    async refresh() {
        if (this.page.state.view !== Enlarge.name || !this.models.length || this.loadedBy === this.page.workers) return;
        if (this.source) await this.open(this.source);
        else await this.openExample(this.page.state.small || FIELDS.small.usual());
    }

    async restore() {
        const { small } = this.page.state;
        this.show();
        if (this.loadedBy && small && small !== this.source?.example) await this.openExample(small);
        else this.work();
    }

    /** @param {string} example */
    async openExample(example) {
        await this.page.runCancellable(async () => this.open(await fetchExample(example)));
    }

    /** @param {import("../common/source.js").Source} source */
    async open(source) {
        this.page.hideError();
        this.source = source;
        this.page.state.small = source.example;
        this.page.remember();
        this.loadedBy = this.page.workers;
        await this.page.runCancellable(async () => {
            const { file, name } = source;
            const { picture, width, height, preview } = await this.page.engine.ask("decode", { slot: SLOT, file, name }, { lane: "enlarge decode", urgency: 5 });
            preview.close();
            await this.take(picture, width, height);
        });
        this.page.settle();
    }

    /** Enlarges a copy that is small enough. */
    async shrink() {
        await this.page.runCancellable(async () => {
            const { picture, width, height } = await this.page.engine.ask("shrink", { slot: SLOT, side: Number(smaller.dataset.side) }, { lane: "enlarge decode", urgency: 5 });
            await this.take(picture, width, height);
        });
        this.page.settle();
    }

    /** Prepares the layers of a picture. @param {number} picture @param {number} width @param {number} height */
    async take(picture, width, height) {
        this.run += 1;
        this.layers = [];
        this.picture = picture;
        smaller.hidden = width * height <= MOST_PIXELS;
        go.hidden = true;
        if (width * height > MOST_PIXELS) {
            const most = Math.floor(Math.sqrt(MOST_PIXELS * (Math.max(width, height) / Math.min(width, height))));
            smaller.dataset.side = String(most);
            wipe.replaceChildren();
            this.end(SAY.tooLarge(width, height, most));
            return;
        }
        this.tiles = await this.page.engine.ask("tiles", { name: this.models[0].name, slot: SLOT }, { lane: "enlarge tiles", urgency: 4 });
        const choices = [{ name: BICUBIC, loss: "" }, ...this.models];
        this.layers = choices.map(({ name, loss }) => {
            const title = SAY.layer(loss);
            return { name, title, done: 0, canvas: make("canvas", { width: 4 * width, height: 4 * height, role: "img", "aria-label": SAY.canvas(title) }) };
        });
        told.textContent = SAY.size(width, height);
        this.show();
        await this.work();
    }

    /** @param {string} name */
    layer(name) {
        return this.layers.find((layer) => layer.name === name);
    }

    /** Shows the two layers that are chosen. */
    show() {
        const { state } = this.page;
        if (!this.models.some(({ name }) => name === state.right) && state.right !== BICUBIC) state.right = this.models.at(-1)?.name ?? BICUBIC;
        if (!this.models.some(({ name }) => name === state.left)) state.left = BICUBIC;
        left.value = state.left;
        right.value = state.right;
        boundary.value = String(state.boundary);
        const shown = [this.layer(state.right), this.layer(state.left)];
        wipe.replaceChildren(...shown.flatMap((layer) => (layer ? [layer.canvas] : [])));
        this.part();
    }

    /** The left layer lies above the right one and ends at the boundary. */
    part() {
        const at = Number(boundary.value);
        for (const { canvas, name } of this.layers) canvas.style.setProperty("clip-path", name === left.value && left.value !== right.value ? `inset(0 ${100 - at}% 0 0)` : "none");
    }

    /** Draws what is below the pointer, twice as large as its pixels. @param {number} x @param {number} y shares of the picture */
    magnify(x, y) {
        const over = this.layer(left.value);
        const under = this.layer(right.value);
        const context = lens.getContext("2d");
        if (!over || !under || !context) return;
        lens.hidden = false;
        lens.style.setProperty("left", `${x * 100}%`);
        lens.style.setProperty("top", `${y * 100}%`);
        context.imageSmoothingEnabled = false;
        const side = lens.width / 2;
        const layer = x * 100 < Number(boundary.value) ? over : under;
        context.clearRect(0, 0, lens.width, lens.height);
        context.drawImage(layer.canvas, x * layer.canvas.width - side / 2, y * layer.canvas.height - side / 2, side, side, 0, 0, lens.width, lens.height);
    }

    /** Computes the tiles that the two layers lack. What takes long is announced, and begun when it is asked for. @param {boolean} [asked] */
    async work(asked = false) {
        const mine = ++this.run;
        const layers = [...new Set([this.layer(left.value), this.layer(right.value)])].filter((layer) => layer !== undefined);
        const missing = () => layers.reduce((sum, layer) => sum + this.tiles.length - layer.done, 0);
        if (!missing()) return;
        go.hidden = true;
        cancel.hidden = progress.hidden = false;
        const all = missing();
        progress.max = all;
        const begun = performance.now();
        await this.page.runCancellable(async () => {
            for (const layer of [...layers].reverse()) {
                while (layer.done < this.tiles.length) {
                    const tile = this.tiles[layer.done];
                    const name = layer.name === BICUBIC ? this.models[0].name : layer.name;
                    const { rgba, width, height, milliseconds } = await this.page.engine.ask("enlarge", { name, slot: SLOT, picture: this.picture, tile, plain: layer.name === BICUBIC }, { lane: "enlarge tile", urgency: 1 });
                    if (mine !== this.run) return;
                    const pixels = new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.byteLength);
                    layer.canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 4 * tile.columns.start, 4 * tile.rows.start);
                    layer.done += 1;
                    this.page.recordTime(`enlarge a tile, ${layer.title}`, milliseconds);
                    progress.value = all - missing();
                    this.page.setStatus(SAY.working(progress.value, all), Enlarge.name);
                    const expected = ((performance.now() - begun) / progress.value) * missing() / 1000;
                    if (progress.value === 1 && expected > PATIENCE) {
                        told.textContent = SAY.expected(expected);
                        if (!asked) {
                            this.end(SAY.expected(expected));
                            go.hidden = false;
                            return;
                        }
                    }
                }
            }
            this.end(SAY.done(performance.now() - begun));
            document.body.dataset.enlargedAfter = (performance.now() - begun).toFixed(0);
        });
        this.page.settle();
    }

    /** @param {string} status */
    end(status) {
        cancel.hidden = progress.hidden = true;
        told.textContent = status;
        this.page.setStatus(status, Enlarge.name);
    }
}
