//! Flags: every hash, id and address flies its own, so that the same thing is known again at a
//! glance in graph, list and dialog. A help for the eye, never a proof: flags can coincide.

use leptos::prelude::*;

/// Width of the cloth in its own units.
pub(crate) const WIDTH: u8 = 18;
/// Height of the cloth in its own units.
pub(crate) const HEIGHT: u8 = 12;

/// Colours that the style sheet gives as `.cloth-0`, `.cloth-1` and so on.
const COLOURS: u64 = 8;

/// What lies on the cloth: the parts in the second and in the third colour.
const PATTERNS: [(&str, &str); 12] = [
    ("M9 0h9v12h-9z", ""),
    ("M6 0h6v12h-6z", "M12 0h6v12h-6z"),
    ("M0 6h18v6h-18z", ""),
    ("M0 4h18v4h-18z", "M0 8h18v4h-18z"),
    ("M9 0h9v6h-9zM0 6h9v6h-9z", ""),
    ("M0 0L18 12H0z", ""),
    ("M4 3h10v6h-10z", ""),
    ("M6 0h3.5v12h-3.5zM0 4.25h18v3.5h-18z", ""),
    ("M0 0h3l15 10v2h-3L0 2zM18 0h-3L0 10v2h3L18 2z", ""),
    ("M0 6h18v6h-18z", "M0 0L9 6L0 12z"),
    ("M9 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z", ""),
    ("M3.6 0h3.6v12h-3.6zM10.8 0h3.6v12h-3.6z", ""),
];

/// Which flag a text flies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Design {
    colours: [u64; 3],
    pattern: (&'static str, &'static str),
}

impl Design {
    fn of(text: &str) -> Self {
        let mut rest = fnv1a(text);
        let mut draw = |choices: u64| {
            let choice = rest % choices;
            rest /= choices;
            choice
        };
        let first = draw(COLOURS);
        let second = (first + 1 + draw(COLOURS - 1)) % COLOURS;
        let left: Vec<u64> = (0..COLOURS).filter(|colour| ![first, second].contains(colour)).collect();
        let third = left[usize::try_from(draw(COLOURS - 2)).unwrap_or(0)];
        let pattern = PATTERNS[usize::try_from(draw(PATTERNS.len() as u64)).unwrap_or(0)];
        Self { colours: [first, second, third], pattern }
    }
}

/// Fowler–Noll–Vo hash 1a, 64 bits, folded so that all its bits reach the choices.
fn fnv1a(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^ (hash >> 32)
}

/// The flag of a text on its own.
#[component]
pub(crate) fn Flag(
    /// A hash, an id or an address.
    #[prop(into)]
    of: String,
) -> impl IntoView {
    view! {
        <svg class="flag" viewBox=format!("0 0 {WIDTH} {HEIGHT}") aria-hidden="true" focusable="false">
            <FlagShape of=of />
        </svg>
    }
}

/// The flag of a text within a drawing: its upper left corner is the origin.
#[component]
pub(crate) fn FlagShape(
    /// A hash, an id or an address.
    #[prop(into)]
    of: String,
) -> impl IntoView {
    let Design { colours, pattern } = Design::of(&of);
    let [first, second, third] = colours.map(|colour| format!("cloth-{colour}"));
    view! {
        <rect class=first width=WIDTH height=HEIGHT />
        <path class=second d=pattern.0 />
        {(!pattern.1.is_empty()).then(|| view! { <path class=third d=pattern.1 /> })}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_text_flies_the_same_flag() {
        assert_eq!(Design::of("00ab"), Design::of("00ab"));
    }

    #[test]
    fn the_three_colours_differ() {
        for number in 0..2000 {
            let colours = Design::of(&format!("{number:064x}")).colours;
            assert_eq!(BTreeSet::from(colours).len(), 3, "{number}");
            assert!(colours.iter().all(|colour| *colour < COLOURS));
        }
    }

    #[test]
    fn neighbours_differ() {
        let designs: Vec<_> = (0..1000).map(|number| Design::of(&format!("{number:064x}"))).collect();
        let same = designs.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(same < 5, "{same} of 999 neighbours fly the same flag");
    }
}
