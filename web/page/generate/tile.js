// @ts-check
// A small picture of the view Generate: on a sheet, where it can be chosen, or large.

import { draw, make, save } from "../common/dom.js";
import { SAY } from "../common/words.js";

export class Tile {
    /** @param {string} title @param {string} name of the file when it is saved @param {() => void} [choose] */
    constructor(title, name, choose) {
        this.title = title;
        this.name = name;
        /** Identifies what it shows, so that it is not computed again. */
        this.holds = "";
        this.canvas = make("canvas", { width: 64, height: 64, role: "img", "aria-label": title, dataset: { tile: name } });
        this.button = choose ? make("button", { type: "button", className: "cell", "aria-label": title, "aria-pressed": "false", onclick: choose }, this.canvas) : undefined;
    }

    /** The picture with its title and a button that saves it. */
    figure() {
        const keep = make("button", { type: "button", className: "small", "aria-label": SAY.save(this.title), onclick: () => this.save() }, SAY.saveShort());
        return make("figure", { className: "card" }, this.canvas, make("figcaption", {}, make("div", { className: "title" }, make("span", {}, this.title), keep)));
    }

    /** @param {Uint8Array} rgba @param {number} side */
    show(rgba, side) {
        draw(this.canvas, rgba, side);
    }

    /** @param {boolean} chosen */
    mark(chosen) {
        this.button?.setAttribute("aria-pressed", String(chosen));
    }

    save() {
        this.canvas.toBlob((blob) => { if (blob) save(blob, `deepsim-${this.name}.png`); });
    }
}
