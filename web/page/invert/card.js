// @ts-check
// One picture of the view: a canvas that opens the comparison, its name, its errors, and the classes that SqueezeNet predicts.

import { draw, make, save } from "../common/dom.js";
import { SAY as COMMON, percent } from "../common/words.js";
import { SAY } from "./words.js";

/** @typedef {{pictureError: number, featureError: number, classes: number[], probabilities: number[]}} Judged */
/** @typedef {{rgba: Uint8Array, side: number, judged?: Judged}} Shown */

export class Card {
    /**
     * @param {string} name of the card, and of the file when the picture is saved
     * @param {string} title
     * @param {{compare: (name: string) => void, className: (index: number) => string}} view
     */
    constructor(name, title, view) {
        this.name = name;
        this.title = title;
        this.view = view;
        /** @type {Shown | undefined} */
        this.shown = undefined;
        this.canvas = make("canvas", { width: 224, height: 224, role: "img", "aria-label": title });
        this.compare = make("button", { type: "button", className: "picture", "aria-label": SAY.compare(title), onclick: () => view.compare(name) }, this.canvas);
        this.caption = make("span", {}, title);
        this.errors = make("p", { className: "errors" });
        this.classes = make("ol", { className: "classes" });
        this.saveButton = make("button", { type: "button", className: "small", "aria-label": COMMON.save(title), onclick: () => this.save() }, COMMON.saveShort());
        const below = make("figcaption", {}, make("div", { className: "title" }, this.caption, this.saveButton), this.errors, this.classes);
        this.figure = make("figure", { className: "card", dataset: { name } }, this.compare, below);
    }

    /** @param {string} title */
    rename(title) {
        this.title = title;
        this.caption.textContent = title;
        this.canvas.setAttribute("aria-label", title);
        this.compare.setAttribute("aria-label", SAY.compare(title));
        this.saveButton.setAttribute("aria-label", COMMON.save(title));
    }

    /** @param {Uint8Array} rgba @param {number} side */
    show(rgba, side) {
        this.shown = { rgba, side };
        draw(this.canvas, rgba, side);
        this.figure.classList.remove("stale");
    }

    /** Marks the picture as outdated: it belongs to another picture or operation. */
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
            return make("li", { dataset: { class: index } }, make("span", {}, this.view.className(index)), meter, make("span", { className: "percent" }, percent(probability)));
        }));
    }

    save() {
        this.canvas.toBlob((blob) => { if (blob) save(blob, `deepsim-${this.name}.png`); });
    }
}
