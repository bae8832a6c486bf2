// @ts-check
// An error whose kind the page has a sentence for.

export class Failure extends Error {
    /** @param {string} kind @param {unknown} cause */
    constructor(kind, cause) {
        super(cause instanceof Error ? cause.message : String(cause));
        this.kind = kind;
    }
}

/** @template T @param {string} kind @param {() => T | Promise<T>} work */
export async function failingAs(kind, work) {
    try {
        return await work();
    } catch (cause) {
        throw cause instanceof Failure ? cause : new Failure(kind, cause);
    }
}
