// @ts-check
// What a run's steps found, thinned so that it stays small however long the run.

/** Points of a series before every second one is dropped. */
const MOST = 1200;

/** The numbers of a step that are kept, by name. */
export const TERMS = /** @type {const} */ (["image", "feature", "adversarial", "real", "inverted"]);

export class History {
    constructor() {
        /** Steps to which the numbers belong. @type {number[]} */
        this.steps = [];
        /** Series of numbers, one a term. @type {Record<string, number[]>} */
        this.terms = Object.fromEntries(TERMS.map((term) => [term, []]));
        /** One step in so many is kept. */
        this.every = 1;
        /** Errors of held-out pictures. @type {{step: number, seconds: number, picture: number, feature: number}[]} */
        this.measured = [];
    }

    /** @param {Record<string, any>} report what a step found */
    add(report) {
        if (report.step % this.every) return;
        this.steps.push(report.step);
        for (const term of TERMS) this.terms[term].push(report[term]);
        if (this.steps.length <= MOST) return;
        this.every *= 2;
        const stays = this.steps.map((step) => step % this.every === 0);
        this.steps = this.steps.filter((_, at) => stays[at]);
        for (const term of TERMS) this.terms[term] = this.terms[term].filter((_, at) => stays[at]);
    }

    /** Forgets what came after a step: a training goes on from there. @param {number} last */
    truncate(last) {
        const count = this.steps.filter((step) => step <= last).length;
        this.steps.length = count;
        for (const term of TERMS) this.terms[term].length = count;
        this.measured = this.measured.filter(({ step }) => step <= last);
    }

    /** @param {{step: number, seconds: number, picture: number, feature: number}} measured */
    measure(measured) {
        this.measured.push(measured);
        if (this.measured.length > MOST) this.measured = this.measured.filter((_, at) => at % 2 === 1);
    }
}
