// @ts-check
// Iterative re-encoding: a strip of rounds to scrub and play, and the curve of their errors.

import { curve } from "./curve.js";
import { draw, element, make, save } from "../common/dom.js";
import { SAY, TEXTS } from "./words.js";

const rounds = /** @type {HTMLInputElement} */ (element("rounds"));
const round = /** @type {HTMLInputElement} */ (element("round"));
const strip = element("strip");
const play = element("play");
/** Milliseconds a frame is shown. */
const PACE = 400;

/** @typedef {{rgba: Uint8Array, side: number, featureError: number}} Frame */

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function reencodeTab(view, experiments) {
    /** The rounds of each inverter, for the picture of now: they go on from the last one. @type {Map<string, Frame[]>} */
    let films = new Map();
    let picture = "";
    let growing = "";
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let playing;

    const film = () => {
        if (picture !== view.picture) {
            films = new Map();
            picture = view.picture;
        }
        const found = films.get(view.state.inverter) ?? [];
        films.set(view.state.inverter, found);
        return found;
    };
    const frames = () => film().slice(0, view.state.rounds);

    /** @param {number} index */
    function look(index) {
        const frame = frames()[index];
        if (!frame) return;
        round.value = String(index + 1);
        experiments.result.show(frame.rgba, frame.side);
        element("round-error").textContent = SAY.round(index + 1, frame.featureError);
        curve(element("rounds-curve"), frames().map(({ featureError }) => featureError), "round", index);
        for (const [place, item] of [...strip.children].entries()) item.firstElementChild?.setAttribute("aria-current", String(place === index));
    }

    function lay() {
        strip.replaceChildren(...frames().map(({ rgba, side }, index) => {
            const canvas = make("canvas", { role: "img", "aria-label": `${index + 1}` });
            draw(canvas, rgba, side);
            return make("li", {}, make("button", { type: "button", className: "picture", onclick: () => look(index) }, canvas));
        }));
        round.max = String(Math.max(frames().length, 1));
        look(frames().length - 1);
    }

    /** Asks for the rounds that are missing, one after the other. */
    async function grow() {
        const wanted = `${view.picture} ${view.state.inverter}`;
        if (growing === wanted) return;
        growing = wanted;
        await view.page.runCancellable(async () => {
            while (wanted === `${view.picture} ${view.state.inverter}` && film().length < view.state.rounds && view.state.tab === "reencode") {
                const into = film();
                into.push(await view.engine.ask("reencode", { name: view.state.inverter, slot: "a" }, { urgency: 2 }));
                if (into === film()) lay();
            }
        });
        if (growing === wanted) growing = "";
    }

    function show() {
        rounds.value = String(view.state.rounds);
        element("rounds-shown").textContent = String(view.state.rounds);
        lay();
        grow();
    }

    function stop() {
        clearInterval(playing);
        playing = undefined;
        play.textContent = TEXTS.play;
    }

    rounds.addEventListener("input", () => {
        view.state.rounds = Number(rounds.value);
        view.page.remember();
        show();
    });
    round.addEventListener("input", () => {
        stop();
        look(Number(round.value) - 1);
    });
    play.addEventListener("click", () => {
        if (playing) return stop();
        play.textContent = TEXTS.pause;
        let index = 0;
        playing = setInterval(() => look(index++ % Math.max(frames().length, 1)), PACE);
    });
    element("save-animation").addEventListener("click", () => view.page.runCancellable(async () => {
        const all = frames();
        if (!all.length) return;
        const bytes = new Uint8Array(all.length * all[0].rgba.length);
        all.forEach(({ rgba }, index) => bytes.set(rgba, index * rgba.length));
        const animation = await view.engine.ask("animate", { frames: bytes, side: all[0].side, milliseconds: PACE }, { urgency: 2 });
        save(new Blob([animation], { type: "image/png" }), `deepsim-${view.state.inverter}-rounds.png`);
    }));
    return { show, stop };
}
