//! Long lists of which only what is seen is drawn.

use crate::browser;
use leptos::{html, prelude::*};
use std::hash::Hash;

/// Rows drawn above and below what is seen, so that a turn of the wheel shows no gap.
const BEYOND: u32 = 12;

/// What is drawn begins at a multiple of so many rows: not every pixel of scrolling asks anew.
const STEP: u32 = 8;

/// Below this width in pixels a list is one for a phone.
const NARROW: f64 = 640.0;

/// A run of rows of a longer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Window {
    /// Rows before the first one.
    pub(crate) from: u32,
    /// How many.
    pub(crate) limit: u32,
}

impl Window {
    /// What to draw of a list that is scrolled so far.
    fn seen(scrolled: f64, height: f64, row: f64) -> Self {
        let rows = |pixels: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and a float cast saturates"
            )]
            let rows = (pixels.max(0.0) / row.max(1.0)).ceil() as u32;
            rows
        };
        let first = rows(scrolled).saturating_sub(BEYOND);
        let from = first - first % STEP;
        Self { from, limit: rows(height) + 2 * BEYOND + STEP }
    }
}

/// A list of rows of one height, in a frame that scrolls. `window` says which rows are wanted;
/// `rows` are those that are there, with the number of rows before them.
#[component]
pub(crate) fn Rows<T, K, V>(
    /// What the list is, for those who do not see it.
    label: &'static str,
    /// Height of a row in pixels: on a wide and on a narrow screen.
    heights: (f64, f64),
    /// Rows in all.
    #[prop(into)]
    total: Signal<u32>,
    /// Which rows are wanted.
    window: RwSignal<Window>,
    /// The rows that are there.
    rows: impl Fn() -> (u32, Vec<T>) + Copy + Send + Sync + 'static,
    /// What tells rows apart.
    key: impl Fn(&T) -> K + Clone + Send + Sync + 'static,
    /// How a row looks.
    row: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let frame = NodeRef::<html::Div>::new();
    let size = browser::element_size(frame);
    let height = Memo::new(move |_| if size.get().0 < NARROW { heights.1 } else { heights.0 });
    let scrolled = RwSignal::new(0.0);
    Effect::new(move |_| {
        let seen = Window::seen(scrolled.get(), size.get().1, height.get());
        if window.with_untracked(|window| *window != seen) {
            window.set(seen);
        }
    });
    let look = move |_| {
        if let Some(frame) = frame.get_untracked() {
            scrolled.set(f64::from(frame.scroll_top()));
        }
    };
    let first = Memo::new(move |_| rows().0);
    view! {
        <div class="rows" tabindex="0" role="group" aria-label=label node_ref=frame on:scroll=look>
            <div class="rows-space" style:height=move || format!("{}px", height.get() * f64::from(total.get()))>
                <ol class="rows-drawn" style:transform=move || format!("translateY({}px)", height.get() * f64::from(first.get()))>
                    <ForEnumerate
                        each=move || rows().1
                        key=key
                        children=move |index, item| {
                            let position = move || u64::from(first.get()) + index.get() as u64 + 1;
                            view! {
                                <li class="row" style:height=move || format!("{}px", height.get()) aria-setsize=total aria-posinset=position>
                                    {row(item)}
                                </li>
                            }
                        }
                    />
                </ol>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_drawn_and_a_little_beyond() {
        assert_eq!(Window::seen(0.0, 480.0, 48.0), Window { from: 0, limit: 42 });
        let Window { from, limit } = Window::seen(48_000.0, 480.0, 48.0);
        assert!(from <= 1000 - BEYOND && from.is_multiple_of(STEP));
        assert!(from + limit >= 1010 + BEYOND - STEP, "{from} {limit}");
    }

    #[test]
    fn scrolling_a_little_asks_for_the_same_rows() {
        assert_eq!(Window::seen(48_010.0, 480.0, 48.0), Window::seen(48_060.0, 480.0, 48.0));
    }

    #[test]
    fn a_frame_without_size_draws_a_few_rows_and_not_all() {
        for (scrolled, height, row) in [(0.0, 0.0, 0.0), (-5.0, f64::NAN, 48.0), (f64::INFINITY, 0.0, 48.0)] {
            assert!(Window::seen(scrolled, height, row).limit <= 2 * BEYOND + STEP);
        }
    }
}
