// @ts-check
// Trusted Types: the page's policy lets no string become a script, but for the addresses of the scripts below.

/** The scripts that are started by their address. */
const SCRIPTS = new Set(["../worker.js", "../sw.js"].map((file) => new URL(file, import.meta.url).href));

/** @param {string} address */
function checked(address) {
    if (!SCRIPTS.has(address)) throw new TypeError(`not a script of this page: ${address}`);
    return address;
}

/** Older browsers have no policies. @type {{createScriptURL: (address: string) => string}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("deepsim", { createScriptURL: checked }) ?? { createScriptURL: checked };

/** The address of a script of the page, as browsers with Trusted Types demand it. @param {string} file relative to this folder */
export const scriptAddress = (file) => policy.createScriptURL(new URL(file, import.meta.url).href);
