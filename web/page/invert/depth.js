// @ts-check
// The picture, large, which dissolves into what each layer kept of it; below it a slider and the layers' small pictures.

import { draw, element, make } from "../common/dom.js";
import { ORIGINAL } from "./gallery.js";
import { ASPECTS } from "./state.js";
import { LAYERS, SAY } from "./words.js";

const canvas = /** @type {HTMLCanvasElement} */ (element("depth-canvas"));
const slider = /** @type {HTMLInputElement} */ (element("depth-slider"));
const wipe = /** @type {HTMLInputElement} */ (element("depth-wipe"));
const stops = element("depth-stops");
const told = element("depth-told");

/** Side of a small picture, pixels. */
const SMALL = 112;
/** Milliseconds from one stop to another that was chosen. */
const GLIDE = 350;

/** A place on the slider: the picture itself, or a layer. @typedef {{layer: string, button: HTMLButtonElement, small: HTMLCanvasElement, error: HTMLElement, seen: HTMLElement}} Stop */

export class Depth {
    /** @param {import("./view.js").Invert} view */
    constructor(view) {
        this.view = view;
        /** @type {Stop[]} */
        this.stops = [];
        /** @type {import("../common/weights.js").Entry[]} */
        this.models = [];
        /** The next frame that is drawn, and the one of a glide. */
        this.frame = 0;
        this.gliding = 0;
        /** The webcam's newest frame and what a layer kept of it. @type {{original: HTMLCanvasElement, inverted: HTMLCanvasElement} | undefined} */
        this.frames = undefined;
        /** The nearest stop of the newest frame, and whether the small pictures are older than the cards. */
        this.nearest = -1;
        this.stale = true;
        slider.addEventListener("input", () => {
            cancelAnimationFrame(this.gliding);
            this.move(Number(slider.value));
        });
        wipe.addEventListener("input", () => {
            view.state.wiped = Number(wipe.value);
            this.refresh();
        });
        // Browsers refuse links that change with every frame.
        for (const input of [slider, wipe]) input.addEventListener("change", () => view.page.remember());
        canvas.addEventListener("pointerup", () => view.page.remember());
        canvas.addEventListener("pointermove", (event) => {
            if (!(event.buttons & 1)) return;
            const { left, width } = canvas.getBoundingClientRect();
            view.state.wiped = Math.round(Math.min(1, Math.max(0, (event.clientX - left) / width)) * 100);
            wipe.value = String(view.state.wiped);
            this.refresh();
        });
        for (const aspect of ASPECTS) {
            element(`depth-${aspect}`).addEventListener("click", () => {
                view.state.aspect = aspect;
                view.page.remember();
                this.restore();
            });
        }
    }

    /** @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        this.models = models.filter(({ layer }) => layer);
        const layers = Object.keys(LAYERS).filter((layer) => this.models.some((model) => model.layer === layer));
        this.stops = ["", ...layers].map((layer, index) => {
            const small = make("canvas", { width: SMALL, height: SMALL });
            const [error, seen] = [make("span", { className: "errors" }), make("span", { className: "errors" })];
            const button = make("button", { type: "button", onclick: () => this.glide(index) }, small, make("strong", {}, layer || SAY.photo()), error, seen);
            return { layer, button, small, error, seen };
        });
        stops.replaceChildren(...this.stops.map(({ button }) => make("li", {}, button)));
        slider.max = String(layers.length);
        this.restore();
    }

    /** Follows the state: a link, or a button. */
    restore() {
        const { state } = this.view;
        state.depth = Math.min(state.depth, Math.max(0, this.stops.length - 1));
        slider.value = String(state.depth);
        wipe.value = String(state.wiped);
        for (const aspect of ASPECTS) element(`depth-${aspect}`).setAttribute("aria-pressed", String(aspect === state.aspect));
        this.update();
    }

    /** @param {number} depth */
    move(depth) {
        this.view.state.depth = depth;
        slider.value = String(depth);
        this.refresh();
    }

    /** Draws the small pictures anew, too: a card has changed, or other cards are shown. */
    update() {
        this.stale = true;
        this.refresh();
    }

    /** Moves to a stop, over some frames where motion is wanted. @param {number} to */
    glide(to) {
        cancelAnimationFrame(this.gliding);
        const from = Number(slider.value);
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
            this.move(to);
            this.view.page.remember();
            return;
        }
        const begun = performance.now();
        const step = (/** @type {number} */ now) => {
            const share = Math.min(1, Math.max(0, (now - begun) / GLIDE));
            this.move(share < 1 ? from + (to - from) * share * share * (3 - 2 * share) : to);
            if (share < 1) this.gliding = requestAnimationFrame(step);
            else this.view.page.remember();
        };
        this.gliding = requestAnimationFrame(step);
    }

    /** The model whose picture stands for a layer: one of the chosen loss, if the layer has one. @param {string} layer */
    modelOf(layer) {
        const models = this.models.filter((model) => model.layer === layer);
        const loss = this.view.state.aspect === "image" ? "image" : "deepsim";
        return models.find((model) => model.loss === loss) ?? models[0];
    }

    /** The card of a stop. @param {number} index */
    cardOf(index) {
        const { gallery } = this.view;
        const layer = this.stops[index]?.layer;
        return layer ? gallery.cards.get(this.modelOf(layer).name) : gallery.original;
    }

    /** The model of the layer nearest to the slider; that of the first layer where it stands at the picture itself. */
    model() {
        return this.modelOf(this.stops[Math.max(1, Math.round(this.view.state.depth))].layer).name;
    }

    /** Shows a frame of the webcam and its inversion in place of the picture, or the picture again. @param {{rgba: Uint8Array, side: number, original: Uint8Array, originalSide: number} | undefined} frame */
    film(frame) {
        if (frame) {
            this.frames ??= { original: make("canvas"), inverted: make("canvas") };
            draw(this.frames.original, frame.original, frame.originalSide);
            draw(this.frames.inverted, frame.rgba, frame.side);
        } else this.frames = undefined;
        this.refresh();
    }

    /** The pictures that are shown: of a stop, ready or not. @param {number} index @returns {HTMLCanvasElement | undefined} */
    pictureOf(index) {
        if (this.frames) return index ? this.frames.inverted : this.frames.original;
        const card = this.cardOf(index);
        return card?.shown && card.canvas;
    }

    /** The models in the order in which they are needed here: what is shown, what is beside it, the other loss. */
    order() {
        const { depth } = this.view.state;
        const shown = (/** @type {import("../common/weights.js").Entry} */ model) => this.modelOf(model.layer) === model;
        const away = (/** @type {import("../common/weights.js").Entry} */ model) => Math.abs(this.stops.findIndex(({ layer }) => layer === model.layer) - depth) + (shown(model) ? 0 : 100);
        return [...this.models].sort((a, b) => away(a) - away(b));
    }

    /** Draws in the next frame. */
    refresh() {
        if (!this.frame) this.frame = requestAnimationFrame(() => {
            this.frame = 0;
            this.draw();
        });
    }

    draw() {
        const { state } = this.view;
        const original = this.pictureOf(0);
        const context = canvas.getContext("2d");
        if (!original || !context || !this.stops.length) return;
        const side = original.width;
        if (canvas.width !== side) canvas.width = canvas.height = side;
        const nearest = Math.round(state.depth);
        const low = Math.floor(state.depth);
        /** @param {number} index @param {number} alpha */
        const paint = (index, alpha) => {
            const picture = this.pictureOf(index);
            if (!picture) return;
            context.globalAlpha = alpha;
            context.drawImage(picture, 0, 0, side, side);
        };
        context.globalCompositeOperation = "source-over";
        paint(0, 1);
        paint(low, 1);
        if (state.depth > low) paint(low + 1, state.depth - low);
        context.globalAlpha = 1;
        if (state.aspect === "difference") {
            context.globalCompositeOperation = "difference";
            context.drawImage(original, 0, 0);
            // Twice as bright.
            context.globalCompositeOperation = "lighter";
            context.drawImage(canvas, 0, 0);
            context.globalCompositeOperation = "source-over";
        }
        const edge = Math.round((side * state.wiped) / 100);
        if (edge) {
            context.drawImage(original, 0, 0, edge, side, 0, 0, edge, side);
            context.fillStyle = "#fff";
            if (edge < side) context.fillRect(edge - 1, 0, 2, side);
        }
        if (this.stale) this.stops.forEach((stop, index) => this.label(stop, index));
        if (this.stale || nearest !== this.nearest) {
            this.stops.forEach(({ button }, index) => button.setAttribute("aria-pressed", String(index === nearest)));
            told.textContent = this.sentence(nearest);
        }
        this.stale = false;
        this.nearest = nearest;
        canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
    }

    /** @param {Stop} stop @param {number} index */
    label(stop, index) {
        const card = this.cardOf(index);
        stop.button.classList.toggle("stale", !card?.shown);
        if (!card?.shown) return;
        stop.small.getContext("2d")?.drawImage(card.canvas, 0, 0, SMALL, SMALL);
        const { judged } = card.shown;
        stop.error.textContent = judged && index ? SAY.off(judged.pictureError) : "";
        stop.seen.textContent = judged ? this.view.className(judged.classes[0]) : "";
    }

    /** What is shown, in a sentence. @param {number} index */
    sentence(index) {
        const { layer } = this.stops[index];
        if (!layer) return SAY.depthOfPhoto();
        const model = this.modelOf(layer);
        return SAY.depth(layer, LAYERS[layer], this.view.state.aspect === "image" && model.loss !== "image");
    }
}
