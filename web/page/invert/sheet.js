// @ts-check
// All pictures of the view as one, with labels.

import { make, save } from "../common/dom.js";
import { percent } from "../common/words.js";
import { SAY } from "./words.js";

const CELL = 224;
const LABEL = 40;

/** @param {import("./card.js").Card[]} cards */
export function saveSheet(cards) {
    const columns = Math.min(cards.length, 4);
    const rows = Math.ceil(cards.length / columns);
    const canvas = make("canvas", { width: columns * (CELL + 8) + 8, height: rows * (CELL + LABEL + 8) + 8 });
    const context = canvas.getContext("2d");
    if (!context) return;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#111";
    for (const [index, { canvas: picture, title, shown }] of cards.entries()) {
        const x = 8 + (index % columns) * (CELL + 8);
        const y = 8 + Math.floor(index / columns) * (CELL + LABEL + 8);
        context.drawImage(picture, x, y, CELL, CELL);
        context.font = "bold 14px sans-serif";
        context.fillText(title, x, y + CELL + 16, CELL);
        context.font = "12px sans-serif";
        const judged = shown?.judged;
        if (judged && judged.featureError > 0) context.fillText(`${SAY.pictureError(judged.pictureError)}, ${SAY.featureError(judged.featureError)}`, x, y + CELL + 32, CELL);
        else if (judged) context.fillText(`${percent(judged.probabilities[0] ?? 0)}`, x, y + CELL + 32, CELL);
    }
    canvas.toBlob((blob) => { if (blob) save(blob, "deepsim-sheet.png"); });
}
