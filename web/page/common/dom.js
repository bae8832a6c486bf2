// @ts-check
// Elements: found, created, drawn on, saved.

/** @template {Element} [T=HTMLElement] @param {string} id @returns {T} */
export const element = (id) => /** @type {T} */ (/** @type {unknown} */ (document.getElementById(id)));

/**
 * A new element with properties and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [properties] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name === "dataset") Object.assign(made.dataset, value);
        else if (name.includes("-") || name === "for" || name === "role") made.setAttribute(name, value);
        else /** @type {any} */ (made)[name] = value;
    }
    made.append(...children);
    return made;
}

/** An SVG element with attributes. @param {string} tag @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
export function svg(tag, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    made.append(...children);
    return made;
}

/** Puts words where `data-words` and `data-label` ask for them. @param {Record<string, string>} texts */
export function fillWords(texts) {
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-words]"))) place.append(texts[place.dataset.words ?? ""]);
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-label]"))) place.setAttribute("aria-label", texts[place.dataset.label ?? ""]);
}

/** Draws RGBA bytes on a canvas. @param {HTMLCanvasElement} canvas @param {Uint8Array} rgba @param {number} side */
export function draw(canvas, rgba, side) {
    if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
    const pixels = new Uint8ClampedArray(/** @type {ArrayBuffer} */ (rgba.buffer), rgba.byteOffset, rgba.byteLength);
    canvas.getContext("2d")?.putImageData(new ImageData(pixels, side, side), 0, 0);
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
}

/** Downloads a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
    const address = URL.createObjectURL(blob);
    const link = make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
