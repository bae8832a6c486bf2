// @ts-check
// The state that a link restores. Each view describes its fields; here is how a field is read from a link and written to it.

/**
 * @typedef {object} Field
 * @property {() => any} usual its value without a link
 * @property {(text: string) => any} read its value in a link, or undefined if that is invalid
 * @property {(value: any) => string} write its text in a link; an empty one is left out if that is the usual value
 * @property {boolean} [always] whether it is written even if it is as usual
 */

/** One of several words. @param {string} usual @param {string[]} known @returns {Field} */
export const choice = (usual, known) => ({ usual: () => usual, read: (text) => (known.includes(text) ? text : undefined), write: String });

/** A name; which names exist is known later. @param {string} usual @returns {Field} */
export const name = (usual) => ({ usual: () => usual, read: (text) => (/^[a-z0-9-]{0,24}$/.test(text) ? text : undefined), write: String });

/** A number between two others. @param {number} usual @param {number} least @param {number} most @returns {Field} */
export const number = (usual, least, most) => ({
    usual: () => usual,
    read: (text) => (text !== "" && Number(text) >= least && Number(text) <= most ? Number(text) : undefined),
    write: String,
});

/** A whole number between two others. @param {number} usual @param {number} least @param {number} most @returns {Field} */
export const whole = (usual, least, most) => {
    const field = number(usual, least, most);
    return { ...field, read: (text) => { const value = field.read(text); return value === undefined ? undefined : Math.trunc(value); } };
};

/** One of several numbers, always written: what is usual differs between devices. @param {number} usual @param {number[]} known @returns {Field} */
export const oneOf = (usual, known) => ({ usual: () => usual, read: (text) => (known.includes(Number(text)) ? Number(text) : undefined), write: String, always: true });

/** Numbers by number, such as `3:0,17:2.5`. @param {RegExp} entry matches a key and a value @param {number} [most] the largest key is below it @returns {Field} */
export const numbersByNumber = (entry, most = Infinity) => ({
    usual: () => ({}),
    read: (text) => Object.fromEntries(text.split(",").flatMap((each) => {
        const [, key, value] = entry.exec(each) ?? [];
        return key && Number(key) < most ? [[Number(key), Number(value)]] : [];
    })),
    write: (value) => Object.entries(value).map(([key, each]) => `${key}:${each}`).join(","),
});

/** A list of numbers, each between two others. @param {number} length at most @param {number} least @param {number} most @returns {Field} */
export const numbers = (length, least, most) => ({
    usual: () => [],
    read: (text) => text.split(",").slice(0, length).map((each) => Math.min(most, Math.max(least, Number(each) || 0))),
    write: (value) => (value.some((/** @type {number} */ each) => each) ? value.join(",") : ""),
});

/** The state that a link's hash asks for; what it does not say, or says wrongly, is as usual. @param {Record<string, Field>} fields @param {string} hash */
export function readState(fields, hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    return Object.fromEntries(Object.entries(fields).map(([key, { usual, read }]) => {
        const text = given.get(key);
        return [key, (text === null ? undefined : read(text)) ?? usual()];
    }));
}

/** The hash that restores a state. @param {Record<string, Field>} fields @param {Record<string, any>} state */
export function writeState(fields, state) {
    const given = new URLSearchParams();
    for (const [key, { usual, write, always }] of Object.entries(fields)) {
        const text = write(state[key]);
        if (always || text !== write(usual())) given.set(key, text);
    }
    return `#${given.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}
