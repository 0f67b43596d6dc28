//! Hash rates over time as lines, and as a table.

use super::scale;
use crate::{
    browser, format,
    history::{RateHistory, RateSample},
    state::use_tab,
    texts,
};
use leptos::{html, prelude::*};
use std::fmt::Write as _;

/// Room for the scale's numbers at the left edge, in pixels.
const LEFT: f64 = 76.0;
/// Room for the times below, in pixels.
const BELOW: f64 = 26.0;
/// Room above the highest line, in pixels.
const ABOVE: f64 = 10.0;
/// Height of the drawing in pixels; the style sheet must agree.
const HEIGHT: f64 = 260.0;
/// Shortest time that the chart spans, in milliseconds, so that its beginning is no wild zigzag.
const LEAST_SPAN: f64 = 60_000.0;
/// Rows of the table.
const ROWS: usize = 10;

/// What is drawn and where.
#[derive(Debug, Clone, PartialEq, Default)]
struct Chart {
    own: String,
    area: String,
    all: String,
    /// Values of the scale and their height in the drawing.
    lines: Vec<(f64, f64)>,
    /// The time that is spanned, in milliseconds.
    span: f64,
}

/// Hash rate of this tab and of all, as long as the tab is open.
#[component]
pub(crate) fn RateChart() -> impl IntoView {
    let tab = use_tab();
    let frame = NodeRef::<html::Div>::new();
    let size = browser::element_size(frame);
    let samples = Memo::new(move |_| tab.rates.with(RateHistory::samples));
    let chart = Memo::new(move |_| samples.with(|samples| chart(samples, size.get().0)));
    let is_empty = Memo::new(move |_| samples.with(|samples| samples.iter().all(|sample| sample.own == 0.0)));
    let summary = move || {
        let newest = samples.with(|samples| samples.last().copied());
        let own = format::hash_rate(newest.map_or(0.0, |sample| sample.own));
        let all = newest.and_then(|sample| sample.all).map_or_else(|| texts::UNKNOWN.to_owned(), format::hash_rate);
        texts::chart_summary(&own, &all, &format::duration(chart.with(|chart| chart.span)))
    };
    view! {
        <section class="panel rate-chart" aria-labelledby="rate-title">
            <div class="panel-head">
                <h2 id="rate-title">{texts::RATE_CHART}</h2>
                <ul class="legend">
                    <li><span class="legend-line legend-own"></span>{texts::RATE_OWN}</li>
                    <li><span class="legend-line legend-all"></span>{texts::RATE_ALL}</li>
                </ul>
            </div>
            <div class="rate-frame" node_ref=frame>
                <svg class="rate-drawing" role="img" aria-label=summary width=move || size.get().0 height=HEIGHT data-testid="rate-chart">
                    <For each=move || chart.with(|chart| chart.lines.clone()) key=|(value, y)| (value.to_bits(), y.to_bits()) let((value, y))>
                        <line class="rate-line" x1=LEFT y1=y x2=move || size.get().0 y2=y />
                        <text class="rate-number" x=LEFT - 10.0 y=y + 4.0>{format::hash_rate(value)}</text>
                    </For>
                    <line class="rate-floor" x1=LEFT y1=HEIGHT - BELOW x2=move || size.get().0 y2=HEIGHT - BELOW />
                    <path class="rate-area" d=move || chart.with(|chart| chart.area.clone()) />
                    <path class="rate-all" d=move || chart.with(|chart| chart.all.clone()) />
                    <path class="rate-own" d=move || chart.with(|chart| chart.own.clone()) />
                    <text class="rate-time" x=LEFT y=HEIGHT - 7.0>{move || chart.with(|chart| texts::ago(&format::duration(chart.span)))}</text>
                    <text class="rate-time rate-now" x=move || size.get().0 y=HEIGHT - 7.0>{texts::NOW}</text>
                </svg>
                <Show when=move || is_empty.get()><p class="empty rate-empty">{texts::RATE_CHART_EMPTY}</p></Show>
            </div>
            <RateTable samples=samples />
        </section>
    }
}

/// The same as a table, a sample a minute.
#[component]
fn RateTable(samples: Memo<Vec<RateSample>>) -> impl IntoView {
    let rows = move || samples.with(|samples| by_minute(samples));
    view! {
        <details class="as-table">
            <summary>{texts::RATE_TABLE}</summary>
            <table>
                <thead>
                    <tr><th scope="col">{texts::RATE_TIME}</th><th scope="col">{texts::RATE_OWN}</th><th scope="col">{texts::RATE_ALL}</th></tr>
                </thead>
                <tbody>
                    <For each=rows key=|sample| sample.time let(sample)>
                        <tr>
                            <th scope="row">{browser::local_time(sample.time)}</th>
                            <td>{format::hash_rate(sample.own)}</td>
                            <td>{sample.all.map_or_else(|| texts::UNKNOWN.to_owned(), format::hash_rate)}</td>
                        </tr>
                    </For>
                </tbody>
            </table>
        </details>
    }
}

/// The last sample of each minute, newest first.
fn by_minute(samples: &[RateSample]) -> Vec<RateSample> {
    let mut rows: Vec<RateSample> = Vec::new();
    for sample in samples.iter().rev() {
        if rows.last().is_none_or(|last| last.time / 60_000 > sample.time / 60_000) {
            rows.push(*sample);
        }
    }
    rows.truncate(ROWS);
    rows
}

fn chart(samples: &[RateSample], width: f64) -> Chart {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Chart::default() };
    #[expect(clippy::cast_precision_loss, reason = "some minutes in milliseconds")]
    let passed = |from: u64, to: u64| to.saturating_sub(from) as f64;
    let span = passed(first.time, last.time).max(LEAST_SPAN);
    let greatest = samples.iter().map(|sample| sample.own.max(sample.all.unwrap_or(0.0))).fold(0.0, f64::max);
    let lines = scale::lines(greatest);
    let top = lines.last().copied().unwrap_or(1.0);
    let room = (width - LEFT).max(1.0);
    let x = |time: u64| room.mul_add(1.0 - passed(time, last.time) / span, LEFT);
    let y = |value: f64| (HEIGHT - BELOW - ABOVE).mul_add(1.0 - value / top, ABOVE);
    let own = path(samples.iter().map(|sample| Some((x(sample.time), y(sample.own)))));
    let floor = y(0.0);
    let area = format!("{own}L{:.1} {floor:.1}L{:.1} {floor:.1}Z", x(last.time), x(first.time));
    let all = path(samples.iter().map(|sample| sample.all.map(|all| (x(sample.time), y(all)))));
    Chart { own, area, all, lines: lines.iter().map(|line| (*line, y(*line))).collect(), span }
}

/// A line through points; interrupted where there is none.
fn path(points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for point in points {
        if let Some((x, y)) = point {
            let _ = write!(path, "{}{x:.1} {y:.1}", if drawing { 'L' } else { 'M' });
        }
        drawing = point.is_some();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u64, own: f64, all: Option<f64>) -> RateSample {
        RateSample { time: second * 1000, own, all }
    }

    #[test]
    fn the_newest_sample_is_at_the_right_edge_and_the_greatest_below_the_top() {
        let samples = [sample(0, 0.0, None), sample(60, 50.0, Some(100.0)), sample(120, 100.0, Some(100.0))];
        let chart = chart(&samples, 476.0);
        assert_eq!(chart.own, "M76.0 234.0L276.0 122.0L476.0 10.0");
        assert_eq!(chart.all, "M276.0 10.0L476.0 10.0");
        assert_eq!(chart.lines.last(), Some(&(100.0, ABOVE)));
        assert!((chart.span - 120_000.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_is_interrupted_where_nothing_is_known() {
        assert_eq!(path([Some((0.0, 1.0)), None, Some((2.0, 3.0))].into_iter()), "M0.0 1.0M2.0 3.0");
    }

    #[test]
    fn the_table_has_a_row_a_minute() {
        let samples: Vec<_> = (0..1000).map(|second| sample(second, 1.0, None)).collect();
        let rows = by_minute(&samples);
        assert_eq!((rows.len(), rows[0].time, rows[1].time), (ROWS, 999_000, 959_000));
    }

    #[test]
    fn no_samples_no_chart() {
        assert_eq!(chart(&[], 400.0), Chart::default());
    }
}
