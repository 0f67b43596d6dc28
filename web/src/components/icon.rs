//! Icons, drawn as strokes in the colour of the text beside them.

use leptos::prelude::*;
use node_wasm::view::Role;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// A cross.
    Cross,
    /// A triangle with an exclamation mark.
    Alert,
    /// An i in a circle.
    Info,
    /// A cube: a block, a full node.
    Cube,
    /// A pickaxe: a miner.
    Pick,
    /// A feather: a light node.
    Feather,
    /// A question mark: not known yet.
    Unknown,
    /// Sun.
    Sun,
    /// Moon.
    Moon,
    /// A screen.
    Screen,
    /// A magnifier.
    Search,
    /// An arrow to the right.
    Right,
    /// An arrow to the left.
    Left,
    /// A window with a plus.
    NewTab,
    /// A triangle: start.
    Play,
    /// A square: stop.
    Stop,
    /// An arrow down: received.
    Down,
    /// An arrow up: sent.
    Up,
    /// Arrows in a ring: to itself.
    Ring,
    /// A closed padlock.
    Lock,
    /// An open padlock.
    Unlock,
    /// A pin.
    Pin,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Copy => "M9 9h11v11H9z M15 9V4H4v11h5",
            Self::Check => "M4 12.5l5 5L20 6.5",
            Self::Cross => "M5 5l14 14M19 5L5 19",
            Self::Alert => "M12 3.5L22 20H2z M12 10v4.5 M12 17.2v.3",
            Self::Info => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18z M12 11v5.5 M12 7.5v.3",
            Self::Cube => "M12 2.5l8.5 4.75v9.5L12 21.5l-8.5-4.75v-9.5z M3.5 7.25L12 12l8.5-4.75 M12 12v9.5",
            Self::Pick => "M3.5 20.5L14.5 9.5 M7 4.5c5-1.5 9.5.5 12 3.5s4.5 7 3 12c-1-4.5-3-7.5-5.5-10S11.5 5.5 7 4.5z",
            Self::Feather => "M4 20L14 10 M7 17c-2-6 2-13 13-13c0 11-7 15-13 13z M10.5 14h5",
            Self::Unknown => "M8.5 8.5c.5-5 8-4.5 7.5.3c-.3 2.7-4 3-4 6 M12 18.7v.3",
            Self::Sun => {
                "M12 7.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4"
            }
            Self::Moon => "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
            Self::Screen => "M3 4.5h18v12H3z M12 16.5v4 M8 20.5h8",
            Self::Search => "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z M15.5 15.5L21 21",
            Self::Right => "M5 12h14M13 6l6 6l-6 6",
            Self::Left => "M19 12H5M11 6l-6 6l6 6",
            Self::NewTab => "M14 4h6v6 M20 4l-9 9 M18 14v6H4V6h6",
            Self::Play => "M7 4.5v15L19.5 12z",
            Self::Stop => "M6 6h12v12H6z",
            Self::Down => "M12 4v15M6 13l6 6l6-6",
            Self::Up => "M12 20V5M6 11l6-6l6 6",
            Self::Lock => "M5 11h14v9.5H5z M8 11V7.5a4 4 0 0 1 8 0V11 M12 15v2.5",
            Self::Unlock => "M5 11h14v9.5H5z M8 11V7.5a4 4 0 0 1 7.6-1.7 M12 15v2.5",
            Self::Pin => "M9 3.5h6l-1 6l4 4v1.5H6V13.5l4-4z M12 15v6",
            Self::Ring => "M4 12a8 8 0 0 1 14-5.3M20 12a8 8 0 0 1-14 5.3M18.5 2.5v4.5H14M5.5 21.5V17H10",
        }
    }
}

/// An icon. It only goes along with a text or a label: assistive technology does not see it.
#[component]
pub(crate) fn Icon(
    /// What it shows.
    shape: Shape,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=shape.path() />
        </svg>
    }
}

/// The icon of a role within a drawing, centred on its origin, `size` wide.
#[component]
pub(crate) fn RoleIcon(
    /// The role, if it is known.
    #[prop(into)]
    role: Signal<Option<Role>>,
    /// Width in the drawing's units.
    #[prop(into)]
    size: Signal<f64>,
) -> impl IntoView {
    let path = move || {
        let shape = match role.get() {
            Some(Role::Full) => Shape::Cube,
            Some(Role::Miner) => Shape::Pick,
            Some(Role::Light) => Shape::Feather,
            None => Shape::Unknown,
        };
        shape.path()
    };
    let transform = move || format!("scale({}) translate(-12 -12)", size.get() / 24.0);
    view! { <path class="role-icon" transform=transform d=path /> }
}
