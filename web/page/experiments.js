// @ts-check
// The bench: one inverter, its inversion of the features as they are, and what an experiment makes of it. Each tab is one experiment.

import { Card } from "./card.js";
import { element, make } from "./dom.js";
import { ORIGINAL } from "./gallery.js";
import { TABS } from "./state.js";
import { SAY, TEXTS } from "./words.js";

export const RESULT = "result";

/**
 * What a tab does.
 * @typedef {object} Experiment
 * @property {() => void} shown when its tab is chosen, or picture, inverter or state are others
 * @property {() => void} [left] when another tab is chosen or the picture is gone
 */

export class Experiments {
    /** @param {import("./app.js").Page} page @param {(bench: Experiments) => Record<string, Experiment>} tabs */
    constructor(page, tabs) {
        this.page = page;
        this.plain = new Card("plain", TEXTS["plain-title"], page);
        this.result = new Card(RESULT, TEXTS["result-title"], page);
        this.result.figure.setAttribute("aria-live", "polite");
        element("pair").append(this.plain.figure, this.result.figure);
        this.hero = new Card("hero", "", page);
        element("hero").append(this.hero.figure);
        this.tabs = tabs(this);
        for (const name of TABS) {
            const tab = element(`tab-${name}`);
            tab.addEventListener("click", () => this.choose(name));
            tab.addEventListener("keydown", (event) => this.key(/** @type {KeyboardEvent} */ (event), name));
        }
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        select.addEventListener("change", () => {
            page.state.inverter = select.value;
            page.state.channels = {};
            page.remember();
            this.refresh();
        });
        this.mark();
    }

    /** @param {import("./weights.js").Entry[]} models */
    build(models) {
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        const inverters = models.filter(({ layer }) => layer);
        select.replaceChildren(...inverters.map(({ name, layer, loss }) => make("option", { value: name }, SAY.inverter(layer, loss))));
        this.restore();
    }

    /** The state is a link's: another tab than before perhaps, another inverter. */
    restore() {
        for (const tab of Object.values(this.tabs)) tab.left?.();
        this.mark();
        const select = /** @type {HTMLSelectElement} */ (element("inverter"));
        const names = [...select.options].map(({ value }) => value);
        if (names.length && !names.includes(this.page.state.inverter)) this.page.state.inverter = names[0];
        select.value = this.page.state.inverter;
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
        this.tabs[this.page.state.tab].left?.();
        this.page.state.tab = name;
        this.page.remember();
        this.mark();
        this.refresh();
    }

    mark() {
        for (const name of TABS) {
            const chosen = name === this.page.state.tab;
            const tab = /** @type {HTMLButtonElement} */ (element(`tab-${name}`));
            tab.setAttribute("aria-selected", String(chosen));
            tab.tabIndex = chosen ? 0 : -1;
            element(`panel-${name}`).hidden = !chosen;
        }
    }

    /** The picture is another one. */
    gone() {
        this.tabs[this.page.state.tab].left?.();
        this.plain.stale();
        this.hero.stale();
        this.result.stale();
    }

    /** Shows the inversion of the inverter that is chosen, and then what the tab does. */
    refresh() {
        if (!this.page.hasPicture) return;
        this.page.quietly(async () => {
            const name = this.page.state.inverter;
            const shown = await this.page.gallery.inversion(name, 1);
            if (name !== this.page.state.inverter) return;
            const model = this.page.gallery.cards.get(name);
            for (const card of [this.plain, this.hero]) {
                card.show(shown.rgba, shown.side);
                if (shown.judged) card.judge(shown.judged);
            }
            this.hero.rename(SAY.hero(model?.title ?? name));
            this.tabs[this.page.state.tab].shown();
        });
    }

    /** Inverts after an operation on the features, draws, then judges. The newest operation wins. @param {object} operation */
    operate(operation) {
        const name = this.page.state.inverter;
        this.page.quietly(async () => {
            const { rgba, side, milliseconds } = await this.page.engine.ask("invert", { name, slot: "a", operation }, { lane: "operate", urgency: 3 });
            this.result.show(rgba, side);
            this.page.time("operate", milliseconds);
            const judged = await this.page.engine.ask("judge", { name, slot: "a", rgba, side, plain: false }, { lane: "judge result", urgency: 2 });
            if (this.result.shown?.rgba === rgba) this.result.judge(judged);
        });
    }

    /** What is seen in an inversion, once it is known. @param {string} name @param {import("./card.js").Judged} judged */
    judged(name, judged) {
        if (name !== this.page.state.inverter) return;
        this.plain.judge(judged);
        this.hero.judge(judged);
    }

    cards() {
        return [this.page.gallery.original, ...this.page.gallery.cards.values(), this.result].filter((card) => card.name === ORIGINAL || card.shown);
    }
}
