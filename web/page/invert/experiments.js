// @ts-check
// The experiments: one inverter, its inversion of the unchanged features, and the result of the chosen experiment. Each tab is one experiment.

import { Card } from "./card.js";
import { element, make } from "../common/dom.js";
import { ORIGINAL } from "./gallery.js";
import { TABS } from "./state.js";
import { SAY, TEXTS } from "./words.js";

export const RESULT = "result";

/**
 * An experiment.
 * @typedef {object} Experiment
 * @property {() => void} show when its tab is chosen, or the picture, the inverter or the state has changed
 * @property {() => void} [stop] when another tab is chosen or the picture has been replaced
 */

export class Experiments {
    /** @param {import("./view.js").Invert} view @param {(experiments: Experiments) => Record<string, Experiment>} tabs */
    constructor(view, tabs) {
        this.view = view;
        this.plain = new Card("plain", TEXTS["plain-title"], view);
        this.result = new Card(RESULT, TEXTS["result-title"], view);
        this.result.figure.setAttribute("aria-live", "polite");
        element("pair").append(this.plain.figure, this.result.figure);
        this.tabs = tabs(this);
        for (const name of TABS) {
            const tab = element(`tab-${name}`);
            tab.addEventListener("click", () => this.choose(name));
            tab.addEventListener("keydown", (event) => this.key(/** @type {KeyboardEvent} */ (event), name));
        }
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        select.addEventListener("change", () => {
            view.state.inverter = select.value;
            view.state.channels = {};
            view.page.remember();
            this.refresh();
        });
        this.mark();
    }

    /** @param {import("../common/weights.js").Entry[]} models */
    build(models) {
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        const inverters = models.filter(({ layer }) => layer);
        select.replaceChildren(...inverters.map(({ name, layer, loss }) => make("option", { value: name }, SAY.inverter(layer, loss))));
        this.restore();
    }

    /** Follows a link that changed the tab or the inverter. */
    restore() {
        for (const tab of Object.values(this.tabs)) tab.stop?.();
        this.mark();
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        const names = [...select.options].map(({ value }) => value);
        if (names.length && !names.includes(this.view.state.inverter)) this.view.state.inverter = names[0];
        select.value = this.view.state.inverter;
    }

    /** @param {KeyboardEvent} event @param {string} name */
    key(event, name) {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        const next = TABS[(TABS.indexOf(name) + by + TABS.length) % TABS.length];
        this.choose(next);
        element(`tab-${next}`).focus();
    }

    /** @param {string} name */
    choose(name) {
        this.tabs[this.view.state.tab].stop?.();
        this.view.state.tab = name;
        this.view.page.remember();
        this.mark();
        this.refresh();
    }

    mark() {
        for (const name of TABS) {
            const chosen = name === this.view.state.tab;
            const tab = /** @type {HTMLButtonElement} */ (element(`tab-${name}`));
            tab.setAttribute("aria-selected", String(chosen));
            tab.tabIndex = chosen ? 0 : -1;
            element(`panel-${name}`).hidden = !chosen;
        }
    }

    /** Marks everything as outdated: the picture has been replaced. */
    clear() {
        this.tabs[this.view.state.tab].stop?.();
        this.plain.stale();
        this.result.stale();
    }

    /** Shows the chosen inverter's inversion and then the experiment. */
    refresh() {
        if (!this.view.hasPicture) return;
        this.view.page.runCancellable(async () => {
            const name = this.view.state.inverter;
            const shown = await this.view.gallery.inversion(name, 1);
            if (name !== this.view.state.inverter) return;
            this.plain.show(shown.rgba, shown.side);
            if (shown.judged) this.plain.judge(shown.judged);
            this.tabs[this.view.state.tab].show();
        });
    }

    /** Inverts the features after an operation, draws the result and compares it. The newest operation wins. @param {object} operation */
    operate(operation) {
        const name = this.view.state.inverter;
        this.view.page.runCancellable(async () => {
            const { rgba, side, milliseconds } = await this.view.engine.ask("invert", { name, slot: "a", operation }, { lane: "operate", urgency: 3 });
            this.result.show(rgba, side);
            this.view.page.recordTime("operate", milliseconds);
            const judged = await this.view.engine.ask("judge", { name, slot: "a", rgba, side, plain: false }, { lane: "judge result", urgency: 2 });
            if (this.result.shown?.rgba === rgba) this.result.judge(judged);
        });
    }

    /** Shows the comparison of an inversion. @param {string} name @param {import("./card.js").Judged} judged */
    judged(name, judged) {
        if (name === this.view.state.inverter) this.plain.judge(judged);
    }

    cards() {
        return [this.view.gallery.original, ...this.view.gallery.cards.values(), this.result].filter((card) => card.name === ORIGINAL || card.shown);
    }
}
