// @ts-check
// All pictures of the page as one, with labels; and a link to what is shown.

import { make, save } from "./dom.js";
import { SAY, percent } from "./words.js";

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

/** Sheets of tiles beside each other, titles above. @param {{title: string, tiles: import("./tile.js").Tile[]}[]} sheets */
export function saveTiles(sheets) {
    const columns = Math.ceil(Math.sqrt(sheets[0]?.tiles.length ?? 1));
    const side = sheets[0]?.tiles[0]?.canvas.width ?? 64;
    const width = columns * side;
    const canvas = make("canvas", { width: sheets.length * (width + 8) + 8, height: width + 32 });
    const context = canvas.getContext("2d");
    if (!context) return;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#111";
    context.font = "bold 14px sans-serif";
    for (const [sheet, { title, tiles }] of sheets.entries()) {
        const left = 8 + sheet * (width + 8);
        context.fillText(title, left, 17, width);
        for (const [place, tile] of tiles.entries()) context.drawImage(tile.canvas, left + (place % columns) * side, 24 + Math.floor(place / columns) * side, side, side);
    }
    canvas.toBlob((blob) => { if (blob) save(blob, "deepsim-drawn.png"); });
}

/** Copies a link; says what it holds. @param {string} link @param {boolean} isOwn */
export async function copyLink(link, isOwn) {
    try {
        await navigator.clipboard.writeText(link);
        return isOwn ? SAY.copiedOwn() : SAY.copied();
    } catch {
        return SAY.notCopied(link);
    }
}
