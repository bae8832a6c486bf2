// @ts-check
// The LAPGAN of the view Generate: a sheet of its pictures, and the chosen one level by level, as it grows.

import { draw, element, make, save } from "../common/dom.js";
import { LOSSES } from "../common/words.js";
import { CELLS } from "./state.js";
import { Tile } from "./tile.js";
import { SAY } from "./words.js";

const classes = /** @type {HTMLSelectElement} */ (element("pyramid-class"));
const begins = /** @type {HTMLSelectElement} */ (element("pyramid-begins"));
const steps = element("pyramid-levels");

/** Counts of redraws of whole squares are this many counts of a level. */
const WHOLE = 1000;
/** Counts of a code's redraws as a level are this many counts of a redraw of its square. */
const CODE = 1000000;
/** Milliseconds between the steps of a picture that grows. */
const PAUSE = 450;

/** What a level shows, in order; the coarsest has the last alone. */
const PARTS = /** @type {const} */ (["under", "residual", "sum"]);

/** @typedef {{name: string, loss: string}} Entry */
/** @typedef {{side: number, canvases: HTMLCanvasElement[], parts: HTMLElement[]}} Level */

export class Pyramid {
    /**
     * @param {Entry} entry @param {Entry | undefined} autoencoder whose codes it can begin with @param {import("../common/page.js").Page} page
     * @param {(type: string, body: object, lane: string) => Promise<any>} ask asks the worker
     * @param {(place: number) => void} choose @param {() => void} changed
     */
    constructor(entry, autoencoder, page, ask, choose, changed) {
        this.entry = entry;
        this.autoencoder = autoencoder;
        this.page = page;
        this.ask = ask;
        this.changed = changed;
        this.tiles = Array.from({ length: CELLS }, (_, place) => new Tile(SAY.drawn(place, LOSSES[entry.loss]), `${entry.name}-${place + 1}`, () => choose(place)));
        /** @type {Level[]} */
        this.levels = [];
        /** @type {{sides: number[], classes: string[]} | undefined} */
        this.about = undefined;
        /** Names what the levels were arranged for. */
        this.arranged = "";
        this.growing = 0;
        this.heading = make("h3");
        element("pyramid-begins-row").hidden = !autoencoder;
        begins.replaceChildren(.../** @type {const} */ (["code", "noise"]).map((value) => make("option", { value }, SAY.begins(value))));
        begins.onchange = () => {
            page.state.begins = begins.value;
            page.state.levels = {};
            changed();
        };
        classes.onchange = () => {
            page.state.kind = Number(classes.value);
            changed();
        };
        element("pyramid-grow").onclick = () => this.grow();
        element("pyramid-save").onclick = () => this.save();
    }

    /** The autoencoder whose codes it begins with, if it does. */
    coded() {
        return this.page.state.begins === "code" ? this.autoencoder : undefined;
    }

    /** The title of its sheet. */
    title() {
        return this.coded() ? SAY.detailed() : LOSSES[this.entry.loss];
    }

    /** The sheet beside those of other networks. */
    sheet() {
        const cells = make("div", { className: "cells" }, ...this.tiles.map(({ button }) => /** @type {HTMLElement} */ (button)));
        return make("section", { className: "sheet", dataset: { sheet: this.entry.name }, "aria-label": LOSSES[this.entry.loss] }, this.heading, cells);
    }

    /** Asks what the network is like, and makes the controls of its levels and classes. */
    async learn() {
        const about = this.about ??= await this.ask("about-pyramid", { name: this.entry.name }, "about pyramid");
        if (this.arranged === this.page.state.begins) return;
        this.arranged = this.page.state.begins;
        // The code says what the picture shows, so that there is no class to choose.
        element("pyramid-class-row").hidden = !about.classes.length || Boolean(this.coded());
        const options = [SAY.anyClass(), ...about.classes].map((/** @type {string} */ name, /** @type {number} */ at) => make("option", { value: at - 1 }, name));
        classes.replaceChildren(...options);
        const first = this.coded() ? about.sides.length - 2 : 0;
        this.levels = about.sides.slice(first).map((/** @type {number} */ side, /** @type {number} */ level) => this.level(side, !level));
        steps.replaceChildren(...this.levels.map(({ side, parts }, index) => {
            const level = first + index;
            const again = make("button", { type: "button", className: "small", dataset: { level: String(level) }, onclick: () => this.redraw(level) }, SAY.redrawLevel());
            again.setAttribute("aria-label", SAY.redrawLevelOf(side));
            return make("li", {}, make("h3", {}, SAY.level(side)), make("div", { className: "parts" }, ...parts), again);
        }));
    }

    /** @param {number} side @param {boolean} first whether it is the coarsest one @returns {Level} */
    level(side, first) {
        const shown = first ? PARTS.slice(2) : PARTS;
        const canvases = shown.map((part) => make("canvas", { width: side, height: side, role: "img", "aria-label": SAY.part(part, side), dataset: { tile: `${this.entry.name}-${side}-${part}` } }));
        const parts = shown.map((part, at) => make("figure", {}, /** @type {HTMLElement} */ (canvases[at]), make("figcaption", {}, SAY.partShort(part, first))));
        return { side, canvases, parts };
    }

    /** How often each level of a square was drawn anew. @param {number} place */
    again(place) {
        const { again, cell, levels } = this.page.state;
        const whole = (again[place] ?? 0) * WHOLE;
        return (this.about?.sides ?? []).map((_, level) => whole + (place === cell ? levels[level] ?? 0 : 0));
    }

    /** A square as the worker draws it. @param {number} place */
    cell(place) {
        const { again, cell, levels } = this.page.state;
        // A code is drawn as the autoencoder's sheet draws it, until its level is drawn again.
        const redrawn = place === cell ? levels[(this.about?.sides.length ?? 2) - 2] ?? 0 : 0;
        return { place, code: (again[place] ?? 0) + CODE * redrawn, again: this.again(place) };
    }

    /** @param {number} level */
    redraw(level) {
        const { levels } = this.page.state;
        levels[level] = (levels[level] ?? 0) + 1;
        this.changed();
    }

    /** Shows the state in the controls. @param {boolean} own whether the visitor's picture is chosen in place of a square */
    show(own) {
        classes.value = String(this.page.state.kind);
        begins.value = this.page.state.begins;
        this.heading.textContent = this.title();
        for (const [place, tile] of this.tiles.entries()) tile.mark(!own && place === this.page.state.cell);
    }

    /** Brings the sheet and the levels up to date. Returns how many pictures were drawn. */
    async refresh() {
        const { sheet: seed, kind, cell } = this.page.state;
        await this.learn();
        const autoencoder = this.coded()?.name;
        // The options came with the network.
        classes.value = String(kind);
        const name = this.entry.name;
        const cells = Array.from({ length: CELLS }, (_, place) => this.cell(place));
        const key = (/** @type {object} */ of) => `${seed} ${autoencoder ?? kind} ${JSON.stringify(of)} ${this.page.workers}`;
        // Tiles that are up to date are not computed again.
        const missing = cells.filter((of) => this.tiles[of.place].holds !== key(of));
        if (missing.length) {
            const drawn = autoencoder
                ? this.ask("draw-detail", { name, autoencoder, seed, cells: missing }, "pyramids")
                : this.ask("draw-pyramids", { name, seed, cells: missing, class: kind }, "pyramids");
            const { rgba, side, milliseconds } = await drawn;
            for (const [index, of] of missing.entries()) {
                const tile = this.tiles[of.place];
                tile.show(rgba.subarray(index * side * side * 4, (index + 1) * side * side * 4), side);
                tile.holds = key(of);
            }
            this.page.recordTime(`draw ${missing.length} of ${name}`, milliseconds);
        }
        const { levels } = autoencoder
            ? await this.ask("draw-detail-levels", { name, autoencoder, seed, cell: this.cell(cell) }, "levels")
            : await this.ask("draw-levels", { name, seed, place: cell, again: this.again(cell), class: kind }, "levels");
        for (const [level, { side, pictures }] of levels.entries()) {
            for (const [part, rgba] of pictures.entries()) draw(this.levels[level].canvases[part], rgba, side);
        }
        return missing.length;
    }

    /** Shows the levels one after the other, from coarse to fine. */
    grow() {
        const parts = this.levels.flatMap(({ parts: each }) => each);
        clearInterval(this.growing);
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
        for (const part of parts) part.classList.add("waiting");
        let shown = 0;
        this.growing = window.setInterval(() => {
            parts[shown++]?.classList.remove("waiting");
            if (shown >= parts.length) clearInterval(this.growing);
        }, PAUSE);
    }

    /** Saves the chosen picture. */
    save() {
        const last = this.levels[this.levels.length - 1]?.canvases.slice(-1)[0];
        last?.toBlob((blob) => { if (blob) save(blob, `deepsim-${this.entry.name}.png`); });
    }
}
