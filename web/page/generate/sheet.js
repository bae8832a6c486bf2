// @ts-check
// The sheets of both networks as one picture.

import { make, save } from "../common/dom.js";

/** Saves sheets of tiles side by side, with their titles above. @param {{title: string, tiles: import("./tile.js").Tile[]}[]} sheets */
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
