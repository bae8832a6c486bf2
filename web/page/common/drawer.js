// @ts-check
// What computes, how fast, in how much memory; and the stored weights.

import { element, make } from "./dom.js";
import { DEVICES, SAY } from "./words.js";
import { clearWeights } from "./weights.js";

export class Drawer {
    /** @param {import("./page.js").Page} page */
    constructor(page) {
        this.page = page;
        /** The newest time of each stage. @type {Map<string, number>} */
        this.times = new Map();
        const choice = /** @type {HTMLSelectElement} */ (element("device-choice"));
        choice.value = page.engine.wanted;
        choice.addEventListener("change", () => {
            document.body.dataset.state = "loading";
            page.engine.restart(choice.value);
        });
        element("clear-weights").addEventListener("click", async () => page.setStatus(SAY.cleared(await clearWeights())));
        element("drawer").addEventListener("toggle", () => this.show());
    }

    /** @param {{name: {kind: string, detail: string}, milliseconds: Record<string, number>, memory: number}} started */
    ready({ name, milliseconds, memory }) {
        element("device").textContent = DEVICES[name.kind]?.(name.detail) ?? name.kind;
        this.memory = memory;
        for (const [stage, time] of Object.entries(milliseconds)) this.times.set(stage, time);
        this.show();
    }

    /** @param {string} stage @param {number} milliseconds */
    recordTime(stage, milliseconds) {
        this.times.set(stage, milliseconds);
        if (/** @type {HTMLDetailsElement} */ (element("drawer")).open) this.show();
    }

    async show() {
        const lines = [...this.times].map(([stage, time]) => SAY.stage(stage, time));
        element("stages").replaceChildren(...[SAY.memory(this.memory ?? 0), ...lines].map((line) => make("li", {}, line)));
        if (!this.page.engine.ready || !(/** @type {HTMLDetailsElement} */ (element("drawer")).open)) return;
        await this.page.runCancellable(async () => {
            this.memory = await this.page.engine.ask("memory", {}, { lane: "memory" });
            const first = element("stages").firstElementChild;
            if (first) first.textContent = SAY.memory(this.memory ?? 0);
        });
    }
}
