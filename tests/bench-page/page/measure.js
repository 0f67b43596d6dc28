// Measures contestants in turn, round by round, and writes what came of it as a table.

/// Rounds that count; odd, so that the median is one of them.
export const ROUNDS = 9;
/// Milliseconds for one contestant in one round: many times what the clock and a collection of
/// garbage blur.
export const ROUND_MS = 400;

/// Runs batches until the time is over; returns what was done a second.
function rate(batch) {
    const start = performance.now();
    let done = 0;
    let elapsed = 0;
    do {
        done += batch();
        elapsed = performance.now() - start;
    } while (elapsed < ROUND_MS);
    return (1000 * done) / elapsed;
}

/// The rates of every contestant, by round. Whatever else the machine does meets all alike: they
/// take turns, and each round begins with another one.
export async function measure(contestants) {
    const rates = contestants.map(() => []);
    // Round 0 is for the browser's optimising compiler and does not count.
    for (let round = 0; round <= ROUNDS; round += 1) {
        for (let turn = 0; turn < contestants.length; turn += 1) {
            const index = (round + turn) % contestants.length;
            await scheduler.yield();
            const measured = rate(contestants[index].batch);
            if (round > 0) rates[index].push(measured);
        }
    }
    return rates;
}

function sorted(values) {
    return values.toSorted((a, b) => a - b);
}

function median(values) {
    return sorted(values)[(values.length - 1) / 2];
}

/// A markdown table; the first contestant is ours, and its ratio to another is the median of the
/// rounds' ratios.
export function table(title, unit, scale, contestants, rates) {
    const format = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
    const show = (value) => format.format(value / scale);
    const rows = contestants.map(({ name }, index) => {
        const own = sorted(rates[index]);
        const ratio = median(rates[0].map((ours, round) => ours / rates[index][round]));
        const range = `${show(own[0])} to ${show(own[own.length - 1])}`;
        return `| ${name} | ${show(median(own))} | ${range} | ${ratio.toFixed(2)} |`;
    });
    return [`| ${title} | ${unit} | range | ours ÷ this |`, "|---|---:|---:|---:|", ...rows].join("\n");
}
