// @ts-check
// The view Generate: pictures sampled with variational autoencoders of two losses from the same noise, and with a LAPGAN.

import { element, make } from "../common/dom.js";
import { copyLink } from "../common/link.js";
import { Pad } from "./pad.js";
import { Pyramid } from "./pyramid.js";
import { saveTiles } from "./sheet.js";
import { onFile } from "../common/source.js";
import { LOSSES, SAY as COMMON } from "../common/words.js";
import { COMMANDS } from "./commands.js";
import { CELLS, FIELDS, MOVES } from "./state.js";
import { Tile } from "./tile.js";
import { PICTURES, SAY, TEXTS } from "./words.js";

const pictures = /** @type {HTMLSelectElement} */ (element("pictures"));
const seed = /** @type {HTMLInputElement} */ (element("sheet-seed"));
const to = /** @type {HTMLSelectElement} */ (element("walk-to"));
const way = /** @type {HTMLInputElement} */ (element("way"));

/** Begins the names of this view's lanes, so that requests of other views do not replace them. */
const LANE = "generate";
const URGENCY = 4;

/** @typedef {{name: string, loss: string, about?: {side: number}, tiles: Tile[], result: Tile}} Model */

export class Generate {
    static name = "generate";
    static texts = TEXTS;
    static fields = FIELDS;
    static commands = COMMANDS;

    /** @param {import("../common/page.js").Page} page */
    constructor(page) {
        this.page = page;
        /** @type {Model[]} */
        this.models = [];
        /** The LAPGAN of the same pictures, if there is one. @type {Pyramid | undefined} */
        this.pyramid = undefined;
        /** The moved code's picture with detail of the LAPGAN. @type {Tile | undefined} */
        this.detailed = undefined;
        /** The visitor's picture in place of a cell, and which worker has it. @type {{source: import("../common/source.js").Source, taken: string} | undefined} */
        this.own = undefined;
        /** The models of the page. @type {import("../common/weights.js").Entry[]} */
        this.all = [];
        /** @type {ReturnType<Generate["slider"]>[]} */
        this.sliders = [];
        this.pad = new Pad((across, down) => this.move({ 0: across, 1: down }));
        this.listen();
    }

    /** @param {number} place */
    slider(place) {
        const input = make("input", { type: "range", min: -3, max: 3, step: 0.1, value: 0, oninput: () => this.move({ [place]: Number(input.value) }) });
        const shown = make("output");
        return { input, shown, row: make("label", { className: "wide" }, make("span", {}, SAY.direction(place), " ", shown), input) };
    }

    listen() {
        const { state } = this.page;
        const change = (/** @type {() => void} */ how) => () => {
            how();
            this.page.remember();
            this.refresh();
        };
        pictures.addEventListener("change", change(() => {
            state.pictures = pictures.value;
            state.kind = -1;
            this.own = undefined;
            this.buildControls();
        }));
        seed.addEventListener("change", change(() => {
            state.sheet = Math.min(4294967295, Math.max(0, Math.trunc(Number(seed.value)) || 0));
            state.again = {};
            state.levels = {};
        }));
        element("sheet-next").addEventListener("click", change(() => {
            state.sheet = (state.sheet + 1) % 4294967296;
            state.again = {};
            state.levels = {};
        }));
        element("cell-again").addEventListener("click", change(() => {
            this.own = undefined;
            state.again[state.cell] = (state.again[state.cell] ?? 0) + 1;
        }));
        to.addEventListener("change", change(() => { state.to = Number(to.value); }));
        way.addEventListener("input", change(() => { state.way = Number(way.value); }));
        element("moves-reset").addEventListener("click", change(() => { state.moves = []; }));
        onFile(element("encode-file"), (source) => this.open(source));
        element("save-drawn").addEventListener("click", () => saveTiles(this.sheets()));
        element("copy-drawn").addEventListener("click", async () => this.page.setStatus(await copyLink(location.href, Boolean(this.own))));
    }

    /** Encodes a picture in place of the chosen cell. @param {import("../common/source.js").Source} source */
    open(source) {
        this.own = { source, taken: "" };
        this.page.state.way = 0;
        this.page.remember();
        this.refresh();
    }

    /** @param {Record<number, number>} amounts */
    move(amounts) {
        const { state } = this.page;
        for (const [place, amount] of Object.entries(amounts)) state.moves[Number(place)] = Math.round(amount * 10) / 10;
        state.moves = Array.from(state.moves, (amount) => amount ?? 0);
        this.page.remember();
        this.show();
        this.results();
    }

    /** Offers the view if the page has models for it. @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        this.all = models.filter((model) => model.pictures);
        element("view-generate").hidden = !this.all.length;
    }

    /** Creates controls, sheets and results, when the view is first shown. */
    buildControls() {
        const generators = this.all;
        const kinds = [...new Set(generators.map((model) => model.pictures))];
        const { state } = this.page;
        this.sliders = Array.from({ length: MOVES }, (_, place) => this.slider(place));
        element("moves").replaceChildren(...this.sliders.map(({ row }) => row));
        to.replaceChildren(...Array.from({ length: CELLS }, (_, place) => make("option", { value: place }, SAY.cell(place))));
        if (!kinds.includes(state.pictures)) state.pictures = kinds[0] ?? "";
        pictures.replaceChildren(...kinds.map((kind) => make("option", { value: kind }, PICTURES[kind] ?? kind)));
        const chosen = generators.filter((model) => model.pictures === state.pictures);
        this.models = chosen.filter(({ loss }) => loss !== "lapgan").map(({ name, loss }) => ({
            name,
            loss,
            tiles: Array.from({ length: CELLS }, (_, place) => new Tile(SAY.drawn(place, LOSSES[loss]), `${name}-${place + 1}`, () => this.choose(place))),
            result: new Tile(LOSSES[loss], `${name}-moved`),
        }));
        const entry = chosen.find(({ loss }) => loss === "lapgan");
        const autoencoder = chosen.find(({ loss }) => loss === "deepsim");
        this.pyramid = entry && new Pyramid(entry, autoencoder, this.page, (type, body, lane) => this.ask(type, body, lane), (place) => this.choose(place), () => {
            this.own = undefined;
            this.page.remember();
            this.refresh();
        });
        element("pyramid").hidden = !this.pyramid;
        element("sheets").replaceChildren(...this.models.map(({ name, loss, tiles }) =>
            make("section", { className: "sheet", dataset: { sheet: name }, "aria-label": LOSSES[loss] }, make("h3", {}, LOSSES[loss]), make("div", { className: "cells" }, ...tiles.map(({ button }) => /** @type {HTMLElement} */ (button))))), ...(this.pyramid ? [this.pyramid.sheet()] : []));
        this.detailed = this.pyramid && new Tile(SAY.detailed(), `${this.pyramid.entry.name}-moved`);
        element("made").replaceChildren(...[...this.models.map(({ result }) => result), ...(this.detailed ? [this.detailed] : [])].map((tile) => tile.figure()));
    }

    /** The sheets of all networks. */
    sheets() {
        const titled = this.models.map(({ loss, tiles }) => ({ title: LOSSES[loss], tiles }));
        return [...titled, ...(this.pyramid ? [{ title: this.pyramid.title(), tiles: this.pyramid.tiles }] : [])];
    }

    /** Follows a link: it may name other pictures, and never the visitor's own. */
    restore() {
        this.own = undefined;
        if (this.models.length && pictures.value !== this.page.state.pictures) this.buildControls();
        this.refresh();
    }

    /** @param {number} place */
    choose(place) {
        const { state } = this.page;
        if (state.cell !== place) state.levels = {};
        state.cell = place;
        this.own = undefined;
        this.page.remember();
        this.refresh();
    }

    /** Shows the state in the controls. */
    show() {
        const { state } = this.page;
        pictures.value = state.pictures;
        seed.value = String(state.sheet);
        to.value = String(state.to);
        way.value = String(state.way);
        element("way-shown").textContent = COMMON.share(state.way);
        element("chosen").textContent = this.own ? SAY.chosenOwn(this.own.source.name) : SAY.chosen(state.cell);
        for (const { tiles } of this.models) for (const [place, tile] of tiles.entries()) tile.mark(!this.own && place === state.cell);
        for (const [place, { input, shown }] of this.sliders.entries()) {
            input.value = String(state.moves[place] ?? 0);
            shown.textContent = SAY.deviations(state.moves[place] ?? 0);
        }
        this.pyramid?.show(Boolean(this.own));
        this.pad.show(state.moves[0] ?? 0, state.moves[1] ?? 0);
    }

    /** Brings sheets and results up to date if the view is visible. */
    refresh() {
        if (this.page.state.view !== Generate.name || !this.all.length) return;
        if (!this.models.length) this.buildControls();
        this.show();
        this.page.runCancellable(async () => {
            const begun = performance.now();
            for (const model of this.models) await this.sheet(model);
            await this.pyramid?.refresh();
            this.page.setStatus(SAY.made(this.sheets().length * CELLS, performance.now() - begun), "generate");
            document.body.dataset.drawnAfter = (performance.now() - begun).toFixed(0);
        });
        this.results();
    }

    /** @param {Model} model */
    async sheet(model) {
        const { sheet, again } = this.page.state;
        const cells = Array.from({ length: CELLS }, (_, place) => ({ seed: sheet, place, again: again[place] ?? 0 }));
        // Tiles that are up to date are not computed again.
        const missing = cells.filter((cell) => model.tiles[cell.place].holds !== `${JSON.stringify(cell)} ${this.page.workers}`);
        if (!missing.length) return;
        const { rgba, side, milliseconds } = await this.ask("draw", { name: model.name, cells: missing }, `sheet ${model.name}`);
        for (const [index, cell] of missing.entries()) {
            const tile = model.tiles[cell.place];
            tile.show(rgba.subarray(index * side * side * 4, (index + 1) * side * side * 4), side);
            tile.holds = `${JSON.stringify(cell)} ${this.page.workers}`;
        }
        this.page.recordTime(`draw ${missing.length} of ${model.name}`, milliseconds);
    }

    /** Decodes the chosen code, interpolated and moved, with each model. */
    results() {
        this.page.runCancellable(async () => {
            for (const model of this.models) {
                if (this.own) await this.take(model);
                const { rgba, side, milliseconds } = await this.ask("move", { name: model.name, ...this.way() }, `move ${model.name}`);
                model.result.show(rgba, side);
                this.page.recordTime(`move ${model.name}`, milliseconds);
            }
            const { pyramid, detailed } = this;
            if (!pyramid?.autoencoder || !detailed) return;
            const { sheet: seed, cell: place } = this.page.state;
            const names = { name: pyramid.entry.name, autoencoder: pyramid.autoencoder.name };
            const { rgba, side } = await this.ask("move-detail", { ...names, seed, place, ...this.way() }, `move ${names.name}`);
            detailed.show(rgba, side);
        });
        this.page.settle();
    }

    /** The way that the code goes: from the chosen square or the visitor's picture to another square, and along directions. */
    way() {
        const { sheet, again, cell, to: end, way: share, moves } = this.page.state;
        const at = (/** @type {number} */ place) => ({ seed: sheet, place, again: again[place] ?? 0 });
        return { from: this.own ? { slot: "g" } : at(cell), to: at(end), share, moves };
    }

    /** Puts the visitor's picture into the worker's slot, at the models' side. @param {Model} model */
    async take(model) {
        const own = this.own;
        if (!own) return;
        model.about ??= await this.ask("about", { name: model.name }, "about");
        const side = model.about?.side ?? 64;
        const wanted = `${side} ${this.page.workers}`;
        if (own.taken === wanted) return;
        const { file, name } = own.source;
        const { preview } = await this.ask("decode", { slot: "g", file, name }, "decode");
        preview.close();
        await this.ask("square", { slot: "g", side }, "square");
        own.taken = wanted;
    }

    /** @param {string} type @param {object} body @param {string} lane */
    ask(type, body, lane) {
        return this.page.engine.ask(type, body, { lane: `${LANE} ${lane}`, urgency: URGENCY });
    }
}
