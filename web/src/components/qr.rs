//! QR codes as one SVG path.

use crate::texts;
use fast_qr::{ECL, QRBuilder, QRCode};
use leptos::{either::Either, prelude::*};
use std::fmt::Write as _;

/// White margin in modules, as the QR standard (ISO/IEC 18004) asks.
const QUIET_ZONE: usize = 4;

/// A text as a QR code: always dark on white, which every reader understands.
#[component]
pub(crate) fn QrCode(
    /// What it says.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for those who do not see it.
    label: &'static str,
) -> impl IntoView {
    move || match QRBuilder::new(text.get()).ecl(ECL::M).build() {
        Ok(code) => {
            let size = code.size + 2 * QUIET_ZONE;
            Either::Left(view! {
                <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label=label shape-rendering="crispEdges">
                    <rect width=size height=size fill="#fff" />
                    <path d=dark_modules(&code) fill="#000" />
                </svg>
            })
        }
        Err(_) => Either::Right(view! { <p class="muted">{texts::QR_TOO_LONG}</p> }),
    }
}

/// Every run of dark modules as a rectangle.
fn dark_modules(code: &QRCode) -> String {
    let mut path = String::new();
    for y in 0..code.size {
        let mut x = 0;
        while x < code.size {
            let length = code[y][x..].iter().take_while(|module| module.value()).count();
            if length > 0 {
                let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += length.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_covers_the_dark_modules() {
        let code = QRBuilder::new("https://example.org/?room=lobby").ecl(ECL::M).build().unwrap();
        let dark: usize = (0..code.size).map(|y| code[y].iter().filter(|module| module.value()).count()).sum();
        let covered: usize = dark_modules(&code)
            .split("v1h-")
            .skip(1)
            .map(|run| run.split('z').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(covered, dark);
    }
}
