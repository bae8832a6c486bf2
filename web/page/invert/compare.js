// @ts-check
// Two pictures over each other, with a slider where they meet.

import { draw, element, make } from "../common/dom.js";
import { ORIGINAL } from "./gallery.js";

const dialog = /** @type {HTMLDialogElement} */ (element("compare"));
const under = /** @type {HTMLCanvasElement} */ (element("compare-under"));
const over = /** @type {HTMLCanvasElement} */ (element("compare-over"));
const place = /** @type {HTMLInputElement} */ (element("compare-place"));
const left = /** @type {HTMLSelectElement} */ (element("compare-left"));
const right = /** @type {HTMLSelectElement} */ (element("compare-right"));

/** Opens the comparison of a card with the original, or of the original with the first inversion. @param {import("./card.js").Card[]} cards @param {string} name */
export function compare(cards, name) {
    const shown = cards.filter((card) => card.shown);
    const chosen = shown.find((card) => card.name === name);
    if (!chosen) return;
    for (const select of [left, right]) select.replaceChildren(...shown.map((card) => make("option", { value: card.name }, card.title)));
    left.value = ORIGINAL;
    right.value = name === ORIGINAL ? shown[1]?.name ?? ORIGINAL : name;
    const show = () => {
        for (const [canvas, select] of /** @type {const} */ ([[over, left], [under, right]])) {
            const card = shown.find((each) => each.name === select.value);
            if (!card?.shown) continue;
            draw(canvas, card.shown.rgba, card.shown.side);
            canvas.setAttribute("aria-label", card.title);
        }
        element("compare-title").textContent = `${left.selectedOptions[0]?.textContent} | ${right.selectedOptions[0]?.textContent}`;
        part();
    };
    left.onchange = right.onchange = show;
    show();
    dialog.showModal();
    place.focus();
}

/** The left picture ends where the slider stands. */
function part() {
    over.style.setProperty("clip-path", `inset(0 ${100 - Number(place.value)}% 0 0)`);
}
place.addEventListener("input", part);
under.parentElement?.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 1)) return;
    const { left: start, width } = under.getBoundingClientRect();
    place.value = String(Math.round(((event.clientX - start) / width) * 100));
    part();
});
