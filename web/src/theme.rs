//! Light, dark, or as the system says.

use crate::{
    browser,
    components::{Icon, Shape},
    texts,
};
use leptos::prelude::*;

/// Under this name the browser remembers the choice.
const SETTING: &str = "tabchain-theme";

/// The attribute of the root element by which the style sheet knows the choice.
const ATTRIBUTE: &str = "data-theme";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::System => texts::THEME_SYSTEM,
            Self::Light => texts::THEME_LIGHT,
            Self::Dark => texts::THEME_DARK,
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::System => Shape::Screen,
            Self::Light => Shape::Sun,
            Self::Dark => Shape::Moon,
        }
    }

    fn remembered() -> Self {
        let name = browser::setting(SETTING);
        Self::ALL.into_iter().find(|theme| Some(theme.name()) == name.as_deref()).unwrap_or(Self::System)
    }

    fn apply(self) {
        let Some(root) = document().document_element() else { return };
        // The root element takes a plain attribute; there is nothing to do about a refusal.
        let _ = if self == Self::System {
            root.remove_attribute(ATTRIBUTE)
        } else {
            root.set_attribute(ATTRIBUTE, self.name())
        };
    }
}

/// What is chosen, for every place where it can be.
#[derive(Clone, Copy)]
struct Chosen(RwSignal<Theme>);

/// Applies the remembered choice. Call once, in the outermost scope.
pub(crate) fn follow_theme() {
    let theme = RwSignal::new(Theme::remembered());
    Effect::new(move |_| theme.get().apply());
    provide_context(Chosen(theme));
}

fn choose(theme: RwSignal<Theme>, chosen: Theme) {
    theme.set(chosen);
    browser::remember(SETTING, chosen.name());
}

/// The choice in words.
#[component]
pub(crate) fn ThemeChoice() -> impl IntoView {
    let Chosen(theme) = expect_context();
    let choice = move |option: Theme| {
        view! {
            <label class="choice">
                <input type="radio" name="theme-in-words" value=option.name() prop:checked=move || theme.get() == option on:change=move |_| choose(theme, option) />
                {option.label()}
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend class="visually-hidden">{texts::THEME}</legend>
            {Theme::ALL.map(choice).collect_view()}
        </fieldset>
    }
}

/// Chooses between light, dark, and what the system says.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let Chosen(theme) = expect_context();
    let choice = move |option: Theme| {
        view! {
            <label class="theme-choice" title=option.label()>
                <input
                    type="radio"
                    name="theme"
                    class="visually-hidden"
                    value=option.name()
                    prop:checked=move || theme.get() == option
                    on:change=move |_| choose(theme, option)
                />
                <Icon shape=option.shape() />
                <span class="visually-hidden">{option.label()}</span>
            </label>
        }
    };
    view! {
        <fieldset class="theme">
            <legend class="visually-hidden">{texts::THEME}</legend>
            {Theme::ALL.map(choice).collect_view()}
        </fieldset>
    }
}
