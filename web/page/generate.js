// @ts-check
// The second view: pictures that were never there, drawn by variational autoencoders of two losses from the same codes.

import { element, make } from "./dom.js";
import { copyLink, saveTiles } from "./keep.js";
import { Pad } from "./pad.js";
import { onFile } from "./source.js";
import { CELLS, MOVES } from "./state.js";
import { Tile } from "./tile.js";
import { LOSSES, PICTURES, SAY } from "./words.js";

const pictures = /** @type {HTMLSelectElement} */ (element("pictures"));
const seed = /** @type {HTMLInputElement} */ (element("sheet-seed"));
const to = /** @type {HTMLSelectElement} */ (element("walk-to"));
const way = /** @type {HTMLInputElement} */ (element("way"));

/** Lanes of the engine whose names begin so are this view's: another photo in the lab does not end them. */
const LANE = "generate";
const URGENCY = 4;

/** @typedef {{name: string, loss: string, about?: {side: number}, tiles: Tile[], result: Tile}} Model */

export class Generate {
    /** @param {import("./app.js").Page} page */
    constructor(page) {
        this.page = page;
        /** @type {Model[]} */
        this.models = [];
        /** An own picture in place of a cell, and which worker has it. @type {{source: import("./source.js").Source, taken: string} | undefined} */
        this.own = undefined;
        /** What the page has, once it is known. @type {import("./weights.js").Entry[]} */
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
            this.own = undefined;
            this.build();
        }));
        seed.addEventListener("change", change(() => {
            state.sheet = Math.min(4294967295, Math.max(0, Math.trunc(Number(seed.value)) || 0));
            state.again = {};
        }));
        element("sheet-next").addEventListener("click", change(() => {
            state.sheet = (state.sheet + 1) % 4294967296;
            state.again = {};
        }));
        element("cell-again").addEventListener("click", change(() => {
            this.own = undefined;
            state.again[state.cell] = (state.again[state.cell] ?? 0) + 1;
        }));
        to.addEventListener("change", change(() => { state.to = Number(to.value); }));
        way.addEventListener("input", change(() => { state.way = Number(way.value); }));
        element("moves-reset").addEventListener("click", change(() => { state.moves = []; }));
        onFile(element("encode-file"), (source) => this.encode(source));
        element("save-drawn").addEventListener("click", () => saveTiles(this.models.map(({ loss, tiles }) => ({ title: LOSSES[loss], tiles }))));
        element("copy-drawn").addEventListener("click", async () => this.page.tell(await copyLink(location.href, Boolean(this.own))));
    }

    /** An own picture takes the place of the cell that is chosen. @param {import("./source.js").Source} source */
    encode(source) {
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

    /** The view is there if the page has models for it. @param {import("./weights.js").Entry[]} all */
    offer(all) {
        this.all = all.filter((model) => model.pictures);
        element("view-generate").hidden = !this.all.length;
    }

    /** Controls, sheets and results for the models of the page: not before somebody looks, since the page has enough to do when it opens. */
    build() {
        const generators = this.all;
        const kinds = [...new Set(generators.map((model) => model.pictures))];
        const { state } = this.page;
        this.sliders = Array.from({ length: MOVES }, (_, place) => this.slider(place));
        element("moves").replaceChildren(...this.sliders.map(({ row }) => row));
        to.replaceChildren(...Array.from({ length: CELLS }, (_, place) => make("option", { value: place }, SAY.cell(place))));
        if (!kinds.includes(state.pictures)) state.pictures = kinds[0] ?? "";
        pictures.replaceChildren(...kinds.map((kind) => make("option", { value: kind }, PICTURES[kind] ?? kind)));
        this.models = generators.filter((model) => model.pictures === state.pictures).map(({ name, loss }) => ({
            name,
            loss,
            tiles: Array.from({ length: CELLS }, (_, place) => new Tile(SAY.drawn(place, LOSSES[loss]), `${name}-${place + 1}`, () => this.choose(place))),
            result: new Tile(LOSSES[loss], `${name}-moved`),
        }));
        element("sheets").replaceChildren(...this.models.map(({ name, loss, tiles }) =>
            make("section", { className: "sheet", dataset: { sheet: name }, "aria-label": LOSSES[loss] }, make("h3", {}, LOSSES[loss]), make("div", { className: "cells" }, ...tiles.map(({ button }) => /** @type {HTMLElement} */ (button))))));
        element("made").replaceChildren(...this.models.map(({ result }) => result.figure()));
    }

    /** The state is a link's: other pictures than before perhaps, and no own one. */
    restore() {
        this.own = undefined;
        if (this.models.length && pictures.value !== this.page.state.pictures) this.build();
        this.refresh();
    }

    /** @param {number} place */
    choose(place) {
        this.page.state.cell = place;
        this.own = undefined;
        this.page.remember();
        this.show();
        this.results();
    }

    /** The controls show the state. */
    show() {
        const { state } = this.page;
        pictures.value = state.pictures;
        seed.value = String(state.sheet);
        to.value = String(state.to);
        way.value = String(state.way);
        element("way-shown").textContent = SAY.share(state.way);
        element("chosen").textContent = this.own ? SAY.chosenOwn(this.own.source.name) : SAY.chosen(state.cell);
        for (const { tiles } of this.models) for (const [place, tile] of tiles.entries()) tile.mark(!this.own && place === state.cell);
        for (const [place, { input, shown }] of this.sliders.entries()) {
            input.value = String(state.moves[place] ?? 0);
            shown.textContent = SAY.deviations(state.moves[place] ?? 0);
        }
        this.pad.show(state.moves[0] ?? 0, state.moves[1] ?? 0);
    }

    /** Everything that the state says, if the view is looked at. */
    refresh() {
        if (this.page.state.view !== "generate" || !this.all.length) return;
        if (!this.models.length) this.build();
        this.show();
        this.page.quietly(async () => {
            const begun = performance.now();
            for (const model of this.models) await this.sheet(model);
            this.page.tell(SAY.made(this.models.length * CELLS, performance.now() - begun), "generate");
            document.body.dataset.drawnAfter = (performance.now() - begun).toFixed(0);
        });
        this.results();
    }

    /** @param {Model} model */
    async sheet(model) {
        const { sheet, again } = this.page.state;
        const cells = Array.from({ length: CELLS }, (_, place) => ({ seed: sheet, place, again: again[place] ?? 0 }));
        // What stands there already is not computed again.
        const missing = cells.filter((cell) => model.tiles[cell.place].holds !== `${JSON.stringify(cell)} ${this.page.workers}`);
        if (!missing.length) return;
        const { rgba, side, milliseconds } = await this.ask("draw", { name: model.name, cells: missing }, `sheet ${model.name}`);
        for (const [index, cell] of missing.entries()) {
            const tile = model.tiles[cell.place];
            tile.show(rgba.subarray(index * side * side * 4, (index + 1) * side * side * 4), side);
            tile.holds = `${JSON.stringify(cell)} ${this.page.workers}`;
        }
        this.page.time(`draw ${missing.length} of ${model.name}`, milliseconds);
    }

    /** What walk and moves make of the chosen code, for each model. */
    results() {
        this.page.quietly(async () => {
            for (const model of this.models) {
                const { sheet, again, cell, way: share, moves } = this.page.state;
                const at = (/** @type {number} */ place) => ({ seed: sheet, place, again: again[place] ?? 0 });
                const from = this.own ? { slot: "g" } : at(cell);
                if (this.own) await this.take(model);
                const { rgba, side, milliseconds } = await this.ask("move", { name: model.name, from, to: at(this.page.state.to), share, moves }, `move ${model.name}`);
                model.result.show(rgba, side);
                this.page.time(`move ${model.name}`, milliseconds);
            }
        });
        this.page.settle();
    }

    /** Puts the own picture into the worker's slot, at the models' side. @param {Model} model */
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
