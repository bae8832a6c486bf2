// @ts-check
// The two views of the page, of which one is looked at: the laboratory, and pictures that were never there.

import { element } from "./dom.js";
import { VIEWS } from "./state.js";
import { TEXTS } from "./words.js";

export class Views {
    /** @param {import("./app.js").Page} page */
    constructor(page) {
        this.page = page;
        for (const name of VIEWS) {
            const tab = element(`view-${name}`);
            tab.addEventListener("click", () => this.choose(name));
            tab.addEventListener("keydown", (event) => {
                const { key } = /** @type {KeyboardEvent} */ (event);
                if (key !== "ArrowRight" && key !== "ArrowLeft") return;
                event.preventDefault();
                const other = VIEWS[1 - VIEWS.indexOf(name)];
                this.choose(other);
                element(`view-${other}`).focus();
            });
        }
        this.mark();
    }

    /** @param {string} name */
    choose(name) {
        this.page.state.view = name;
        this.page.remember();
        this.mark();
        this.page.retell();
        this.page.generate.refresh();
        this.page.lookAtLab();
    }

    mark() {
        for (const what of /** @type {const} */ (["title", "intro"])) element(what).textContent = TEXTS[`${what}-${this.page.state.view === "generate" ? "generate" : "lab"}`];
        for (const name of VIEWS) {
            const chosen = name === this.page.state.view;
            const tab = /** @type {HTMLButtonElement} */ (element(`view-${name}`));
            tab.setAttribute("aria-selected", String(chosen));
            tab.tabIndex = chosen ? 0 : -1;
            element(name).hidden = !chosen;
        }
    }
}
