// @ts-check
// The visitor's own inverters, beside those of the page: a model file that was dropped here, or one that the view Train has made.

import { SAY } from "./words.js";

/** Characters of a name, at most: links hold it. */
const LONGEST = 24;

/** A name that a link can hold, from a file's name. @param {string} file */
const nameOf = (file) => file.toLowerCase().replace(/\.safetensors$/, "").replace(/[^a-z0-9]+/g, "-").slice(-LONGEST + 4).replace(/^-|-$/g, "") || "own";

export class OwnModels {
    /** @param {import("./view.js").Invert} view */
    constructor(view) {
        this.view = view;
        /** The page's models. @type {import("../common/weights.js").Entry[]} */
        this.shipped = [];
        /** Own models and their files. @type {Map<string, {entry: import("../common/weights.js").Entry, file: Uint8Array}>} */
        this.own = new Map();
        /** The worker that has them. */
        this.loadedBy = 0;
    }

    /** Whether a file that was dropped is a model and no picture. @param {string} name */
    static fits = (name) => /\.safetensors$/i.test(name);

    /** All models, those of the page first. @returns {import("../common/weights.js").Entry[]} */
    all() {
        return [...this.shipped, ...[...this.own.values()].map(({ entry }) => entry)];
    }

    /** Gives the worker a model, and the views a card. @param {string} title of the file @param {Uint8Array} file */
    async add(title, file) {
        const known = (/** @type {string} */ each) => this.shipped.some(({ name }) => name === each);
        const name = known(nameOf(title)) ? `own-${nameOf(title)}` : nameOf(title);
        const { layer } = await this.view.engine.ask("add-inverter", { name, file }, { urgency: 6 });
        const entry = { name, layer, pictures: "", loss: "own", enlarges: false, restyles: false, bytes: file.length, sha256: "" };
        this.own.set(name, { entry, file });
        this.loadedBy = this.view.page.workers;
        this.view.state.inverter = name;
        this.view.page.setStatus(SAY.added(name, layer), "invert");
    }

    /** Gives another worker the models that the lost one had. */
    async reload() {
        if (this.loadedBy === this.view.page.workers) return;
        this.loadedBy = this.view.page.workers;
        for (const [name, { file }] of this.own) await this.view.engine.ask("add-inverter", { name, file }, { urgency: 6 });
    }
}
