// @ts-check
// Single channels of a layer: their maps, and buttons that silence or amplify them.

import { element, make } from "../common/dom.js";
import { SAY } from "./words.js";

/** Maps that are shown. */
const COUNT = 24;

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function channelsTab(view, experiments) {
    const list = element("channels");
    let drawn = "";

    function operate() {
        const edits = Object.entries(view.state.channels).map(([channel, factor]) => ({ edit: "amplify", channel: Number(channel), factor }));
        experiments.operate({ edits });
    }

    /** @param {string} label @param {string} short @param {number} channel @param {number} factor */
    function button(label, short, channel, factor) {
        const pressed = () => view.state.channels[channel] === factor;
        const made = make("button", { type: "button", className: "small", "aria-label": label, "aria-pressed": String(pressed()), dataset: { channel, factor } }, short);
        made.addEventListener("click", () => {
            if (pressed()) delete view.state.channels[channel];
            else view.state.channels[channel] = factor;
            view.page.remember();
            press();
            operate();
        });
        return made;
    }

    function press() {
        for (const each of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("button"))) {
            const { channel, factor } = each.dataset;
            each.setAttribute("aria-pressed", String(view.state.channels[channel ?? ""] === Number(factor)));
        }
    }

    /** @param {Uint8Array} map @param {number} grid @param {string} label */
    function picture(map, grid, label) {
        const canvas = make("canvas", { width: grid, height: grid, role: "img", "aria-label": label });
        const image = new ImageData(grid, grid);
        map.forEach((value, index) => image.data.set([value, value, value, 255], index * 4));
        canvas.getContext("2d")?.putImageData(image, 0, 0);
        return canvas;
    }

    async function show() {
        const wanted = `${view.picture} ${view.state.inverter}`;
        operate();
        if (drawn === wanted) return press();
        await view.page.runCancellable(async () => {
            const { grid, channels, shares, maps } = await view.engine.ask("channels", { name: view.state.inverter, slot: "a", count: COUNT }, { lane: "channels", urgency: 2 });
            drawn = wanted;
            list.replaceChildren(...channels.map((/** @type {number} */ channel, /** @type {number} */ index) => {
                const label = SAY.channel(channel, shares[index]);
                const map = picture(maps.subarray(index * grid * grid, (index + 1) * grid * grid), grid, label);
                return make("li", { title: label }, map, make("span", {}, button(SAY.silence(channel), SAY.silenceShort(), channel, 0), button(SAY.amplify(channel), SAY.amplifyShort(), channel, 3)));
            }));
        });
    }

    element("channels-reset").addEventListener("click", () => {
        view.state.channels = {};
        view.page.remember();
        press();
        operate();
    });
    return { show };
}
