// @ts-check
// What each layer keeps: the picture and the inversions of every model of the page, one row for each layer.

import { Card } from "./card.js";
import { element, make } from "../common/dom.js";
import { LAYERS, SAY, TEXTS } from "./words.js";

export const ORIGINAL = "original";

export class Gallery {
    /** @param {import("./view.js").Invert} view */
    constructor(view) {
        this.view = view;
        /** By the model's name. @type {Map<string, Card>} */
        this.cards = new Map();
        this.original = new Card(ORIGINAL, TEXTS["original-title"], view);
        this.round = 0;
    }

    /** Rows and cards for these models. @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        this.models = models.filter(({ layer }) => layer);
        this.cards = new Map(this.models.map(({ name, layer, loss }) => [name, new Card(name, SAY.inversion(layer, loss), this.view)]));
        const layers = [...new Set(this.models.map(({ layer }) => layer))];
        const rows = layers.map((layer) => {
            const cards = /** @type {import("../common/weights.js").Entry[]} */ (this.models).filter((model) => model.layer === layer).map(({ name }) => /** @type {Card} */ (this.cards.get(name)).figure);
            return make("section", { className: cards.length > 1 ? "row two" : "row", "aria-label": layer }, make("h3", {}, layer, make("small", {}, ` ${LAYERS[layer] ?? ""}`)), make("div", { className: "cards" }, ...cards));
        });
        element("gallery").replaceChildren(make("div", { className: "pinned" }, this.original.figure), make("div", { className: "rows" }, ...rows));
    }

    /** The picture, as it was taken. @param {{rgba: Uint8Array, side: number, classes: number[], probabilities: number[]}} taken */
    show({ rgba, side, classes, probabilities }) {
        this.original.show(rgba, side);
        this.original.judge({ pictureError: 0, featureError: 0, classes, probabilities }, true);
        for (const card of this.cards.values()) card.stale();
        this.view.depth.update();
    }

    /** The picture and its inversion by one model, which is there before all else. @param {string} name @param {{original: Uint8Array, rgba: Uint8Array, side: number}} first */
    showFirst(name, { original, rgba, side }) {
        this.original.show(original, side);
        this.cards.get(name)?.show(rgba, side);
        this.view.depth.update();
        document.body.dataset.firstAfter ??= performance.now().toFixed(0);
    }

    /** Inverts every layer, those first that are shown large and in the experiments. Ends early when another picture comes. */
    async fill() {
        const round = ++this.round;
        const begun = performance.now();
        const [first, ...rest] = this.view.depth.order().map(({ name }) => name);
        const order = first ? [...new Set([first, this.view.state.inverter, ...rest])] : [];
        for (const name of order) {
            await this.inversion(name);
            if (round !== this.round) return;
        }
        this.view.page.setStatus(SAY.inverted(order.length, performance.now() - begun), "invert");
        document.body.dataset.filledAfter = (performance.now() - begun).toFixed(0);
    }

    /**
     * The inversion of a model, from its card if it is there.
     * @param {string} name @param {number} [urgency]
     * @returns {Promise<import("./card.js").Shown>}
     */
    async inversion(name, urgency = 0) {
        const card = /** @type {Card} */ (this.cards.get(name));
        if (card.shown) return card.shown;
        this.view.page.setStatus(SAY.inverting(card.title), "invert");
        const { rgba, side, milliseconds } = await this.view.engine.ask("invert", { name, slot: "a" }, { lane: `invert ${name}`, urgency });
        card.show(rgba, side);
        this.view.depth.update();
        const shown = /** @type {import("./card.js").Shown} */ (/** @type {unknown} */ (card.shown));
        this.view.page.recordTime(`invert ${name}`, milliseconds);
        this.judge(card, shown);
        return shown;
    }

    /** @param {Card} card @param {import("./card.js").Shown} shown */
    async judge(card, { rgba, side }) {
        await this.view.page.runCancellable(async () => {
            const judged = await this.view.engine.ask("judge", { name: card.name, slot: "a", rgba, side, plain: true }, { lane: `judge ${card.name}` });
            card.judge(judged);
            this.view.depth.update();
            this.view.experiments.judged(card.name, judged);
            this.view.page.recordTime("judge", judged.milliseconds);
        });
    }
}
