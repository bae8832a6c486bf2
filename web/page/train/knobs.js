// @ts-check
// Sliders and switches for the weights of the terms, and a slider for the learning rate.

import { element, make } from "../common/dom.js";
import { RATE, WEIGHTS } from "./state.js";
import { KNOBS, SAY } from "./words.js";

/** A slider goes from a hundredth to a hundred times the usual value, in powers of ten. */
const DECADES = 2;

export class Knobs {
    /** @param {() => void} changed */
    constructor(changed) {
        /** The weights as the sliders say; a term that is switched off has none. @type {import("./training.js").Weights} */
        this.weights = { ...WEIGHTS };
        this.rate = RATE;
        const usual = /** @type {Record<string, number>} */ ({ ...WEIGHTS, rate: RATE });
        element("train-sliders").replaceChildren(...Object.keys(KNOBS).map((name) => {
            const output = make("output", {}, SAY.weight(usual[name]));
            const slider = make("input", { type: "range", min: -DECADES, max: DECADES, step: 0.05, value: 0, id: `train-knob-${name}` });
            const toggle = make("input", { type: "checkbox", checked: true, "aria-label": SAY.useTerm(name), id: `train-use-${name}` });
            const read = () => {
                const value = toggle.checked ? usual[name] * 10 ** Number(slider.value) : 0;
                output.textContent = SAY.weight(value);
                if (name === "rate") this.rate = value;
                else this.weights[/** @type {keyof typeof WEIGHTS} */ (name)] = value;
                changed();
            };
            slider.addEventListener("input", read);
            toggle.addEventListener("change", read);
            const switched = name === "rate" ? [] : [toggle];
            return make("li", {}, ...switched, make("label", {}, make("span", {}, KNOBS[name]), slider), output);
        }));
    }
}
