// @ts-check
// One picture of the page: a canvas that opens the comparison, its name, its errors, and what SqueezeNet sees in it.

import { draw, make, save } from "./dom.js";
import { SAY, percent } from "./words.js";

/** @typedef {{pictureError: number, featureError: number, classes: number[], probabilities: number[]}} Judged */
/** @typedef {{rgba: Uint8Array, side: number, judged?: Judged}} Shown */

export class Card {
    /**
     * @param {string} name of the file when it is kept, and of the card among others
     * @param {string} title
     * @param {{compare: (name: string) => void, className: (index: number) => string}} page
     */
    constructor(name, title, page) {
        this.name = name;
        this.title = title;
        this.page = page;
        /** @type {Shown | undefined} */
        this.shown = undefined;
        this.canvas = make("canvas", { width: 224, height: 224, role: "img", "aria-label": title });
        this.open = make("button", { type: "button", className: "picture", "aria-label": SAY.compare(title), onclick: () => page.compare(name) }, this.canvas);
        this.caption = make("span", {}, title);
        this.errors = make("p", { className: "errors" });
        this.classes = make("ol", { className: "classes" });
        this.keep = make("button", { type: "button", className: "small", "aria-label": SAY.save(title), onclick: () => this.save() }, SAY.saveShort());
        const below = make("figcaption", {}, make("div", { className: "title" }, this.caption, this.keep), this.errors, this.classes);
        this.figure = make("figure", { className: "card", dataset: { name } }, this.open, below);
    }

    /** @param {string} title */
    rename(title) {
        this.title = title;
        this.caption.textContent = title;
        this.canvas.setAttribute("aria-label", title);
        this.open.setAttribute("aria-label", SAY.compare(title));
        this.keep.setAttribute("aria-label", SAY.save(title));
    }

    /** @param {Uint8Array} rgba @param {number} side */
    show(rgba, side) {
        this.shown = { rgba, side };
        draw(this.canvas, rgba, side);
        this.figure.classList.remove("stale");
    }

    /** What is shown belongs to another picture or operation by now. */
    stale() {
        this.shown = undefined;
        this.figure.classList.add("stale");
    }

    /** @param {Judged} judged @param {boolean} [isOriginal] */
    judge(judged, isOriginal = false) {
        if (this.shown) this.shown.judged = judged;
        this.figure.dataset.pictureError = String(judged.pictureError);
        this.figure.dataset.featureError = String(judged.featureError);
        this.errors.textContent = isOriginal ? "" : `${SAY.pictureError(judged.pictureError)}, ${SAY.featureError(judged.featureError)}`;
        this.classes.replaceChildren(...judged.classes.map((index, place) => {
            const probability = judged.probabilities[place];
            const meter = make("meter", { value: probability, max: 1, "aria-hidden": "true" });
            return make("li", { dataset: { class: index } }, make("span", {}, this.page.className(index)), meter, make("span", { className: "percent" }, percent(probability)));
        }));
    }

    save() {
        this.canvas.toBlob((blob) => { if (blob) save(blob, `deepsim-${this.name}.png`); });
    }
}
