// @ts-check
// Single channels of a layer: their maps, and buttons that silence or amplify them.

import { element, make } from "./dom.js";
import { SAY } from "./words.js";

/** Maps that are shown. */
const COUNT = 24;

/** @param {import("./app.js").Page} page @param {import("./experiments.js").Experiments} bench @returns {import("./experiments.js").Experiment} */
export function channelsTab(page, bench) {
    const list = element("channels");
    let drawn = "";

    function operate() {
        const edits = Object.entries(page.state.channels).map(([channel, factor]) => ({ edit: "amplify", channel: Number(channel), factor }));
        bench.operate({ edits });
    }

    /** @param {string} label @param {string} short @param {number} channel @param {number} factor */
    function button(label, short, channel, factor) {
        const pressed = () => page.state.channels[channel] === factor;
        const made = make("button", { type: "button", className: "small", "aria-label": label, "aria-pressed": String(pressed()), dataset: { channel, factor } }, short);
        made.addEventListener("click", () => {
            if (pressed()) delete page.state.channels[channel];
            else page.state.channels[channel] = factor;
            page.remember();
            press();
            operate();
        });
        return made;
    }

    function press() {
        for (const each of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("button"))) {
            const { channel, factor } = each.dataset;
            each.setAttribute("aria-pressed", String(page.state.channels[channel ?? ""] === Number(factor)));
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

    async function shown() {
        const wanted = `${page.picture} ${page.state.inverter}`;
        operate();
        if (drawn === wanted) return press();
        await page.quietly(async () => {
            const { grid, channels, shares, maps } = await page.engine.ask("channels", { name: page.state.inverter, slot: "a", count: COUNT }, { lane: "channels", urgency: 2 });
            drawn = wanted;
            list.replaceChildren(...channels.map((/** @type {number} */ channel, /** @type {number} */ index) => {
                const label = SAY.channel(channel, shares[index]);
                const map = picture(maps.subarray(index * grid * grid, (index + 1) * grid * grid), grid, label);
                return make("li", { title: label }, map, make("span", {}, button(SAY.silence(channel), SAY.silenceShort(), channel, 0), button(SAY.amplify(channel), SAY.amplifyShort(), channel, 3)));
            }));
        });
    }

    element("channels-reset").addEventListener("click", () => {
        page.state.channels = {};
        page.remember();
        press();
        operate();
    });
    return { shown };
}
