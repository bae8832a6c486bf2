// @ts-check
// The views of the page, one of which is visible, and their tabs.

import { element } from "./dom.js";
import { choice } from "./fields.js";

/**
 * What a view does.
 * @typedef {object} View
 * @property {(models: import("./weights.js").Entry[]) => void | Promise<void>} build prepares the view, once, when the first worker is ready
 * @property {() => void | Promise<void>} refresh brings what is visible up to date; also after another worker has started
 * @property {(source: import("./source.js").Source) => void} open takes a picture that was dropped or pasted
 * @property {() => void | Promise<void>} restore follows a link that changed the state
 */

/**
 * What a view is.
 * @typedef {object} ViewDescription
 * @property {string} name its tab is `view-NAME`, its panel `NAME`
 * @property {Record<string, string>} texts the words of its part of index.html; `title-NAME` and `intro-NAME` head the page
 * @property {Record<string, import("./fields.js").Field>} fields its part of the state that a link restores
 * @property {import("./commands.js").Commands} commands what it asks the worker, and with which arguments
 */

/** @typedef {ViewDescription & (new (page: import("./page.js").Page) => View)} ViewClass */

export class Views {
    /** The field of the visible view. @param {ViewClass[]} classes */
    static fields(classes) {
        return { view: choice(classes[0].name, classes.map(({ name }) => name)) };
    }

    /** @param {import("./page.js").Page} page @param {ViewClass[]} classes */
    constructor(page, classes) {
        this.page = page;
        this.classes = classes;
        for (const { commands } of classes) page.engine.allow(commands);
        /** By name. @type {Map<string, View>} */
        this.byName = new Map(classes.map((View) => [View.name, new View(page)]));
        for (const { name } of classes) {
            const tab = element(`view-${name}`);
            tab.addEventListener("click", () => this.choose(name));
            tab.addEventListener("keydown", (event) => {
                const by = { ArrowRight: 1, ArrowLeft: -1 }[/** @type {KeyboardEvent} */ (event).key];
                if (!by) return;
                event.preventDefault();
                // A view without models has no tab to be seen.
                const offered = classes.map((View) => View.name).filter((each) => !element(`view-${each}`).hidden);
                const next = offered[(offered.indexOf(name) + by + offered.length) % offered.length];
                this.choose(next);
                element(`view-${next}`).focus();
            });
        }
        this.mark();
    }

    /** The visible view. */
    current() {
        return /** @type {View} */ (this.byName.get(this.page.state.view));
    }

    /** @param {string} name */
    choose(name) {
        this.page.state.view = name;
        this.page.remember();
        this.mark();
        this.page.restoreStatus();
        this.current().refresh();
    }

    /** Shows the panel of the visible view and marks its tab. */
    mark() {
        for (const { name, texts } of this.classes) {
            const chosen = name === this.page.state.view;
            const tab = /** @type {HTMLButtonElement} */ (element(`view-${name}`));
            tab.setAttribute("aria-selected", String(chosen));
            tab.tabIndex = chosen ? 0 : -1;
            element(name).hidden = !chosen;
            if (!chosen) continue;
            element("title").textContent = texts[`title-${name}`];
            element("intro").textContent = texts[`intro-${name}`];
            // Until the texts are there nothing is shown: what comes below them would move.
            document.body.dataset.worded = "";
        }
    }

    /** @param {import("./weights.js").Entry[]} models */
    async build(models) {
        for (const view of this.byName.values()) {
            await view.build(models);
            // One view a task.
            await new Promise((resolve) => { setTimeout(resolve, 0); });
        }
    }

    async restore() {
        for (const view of this.byName.values()) await view.restore();
    }
}
