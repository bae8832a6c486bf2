// @ts-check
// The picture that all peers get, with edges and slopes, and bytes from the server.

/** RGBA bytes of a square. @param {number} side */
export function rgbaOf(side) {
    const rgba = new Uint8Array(4 * side * side);
    for (let at = 0; at < side * side; at++) {
        const [x, y] = [at % side, Math.floor(at / side)];
        rgba.set([x, y, (x >> 4) ^ (y >> 4) ? 40 : 200, 255], 4 * at);
    }
    return rgba;
}

/** @param {string} url */
export const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
